// POST /containers/{id}/update: other limits and another restart policy, at once for a container that runs. By dockerd's rules.
import { SlipwayError } from '../errors.ts';
import { resources } from '../oci/resources.ts';
import { checkLimits, checkRestartPolicy } from './check-options.ts';
import type { HostConfig } from './config.ts';
import { runHelper } from './helper.ts';
import { SAYS } from './options.ts';
import { runtimeRoot } from './paths.ts';
import { emit, inTurn, isRunning } from './state.ts';
import { saveContainer } from './records.ts';
import type { Container, Host } from './model.ts';

export type UpdateRequest = Pick<HostConfig, 'Memory' | 'MemoryReservation' | 'MemorySwap' | 'NanoCpus' | 'CpuShares' | 'CpuPeriod' | 'CpuQuota' | 'CpusetCpus' | 'CpusetMems' | 'PidsLimit' | 'BlkioWeight' | 'CpuRealtimePeriod' | 'CpuRealtimeRuntime'> & { RestartPolicy: HostConfig['RestartPolicy'] | null };

/** Zero and empty mean: as it was. */
export function update(host: Host, container: Container, asked: UpdateRequest): Promise<string[]> {
  return inTurn(container, async () => {
    const { record } = container;
    const failed = (kind: 'InvalidParameter' | 'System' | 'Conflict', why: string) => new SlipwayError(kind, `Cannot update container ${record.id}: ${why}`);
    if (container.live.removing) throw failed('Conflict', 'Container is marked for removal and cannot be "update".');
    const { RestartPolicy, ...limits } = asked;
    checkLimits(host, limits);
    if (RestartPolicy) checkRestartPolicy(RestartPolicy);
    const before = record.hostConfig;
    if (limits.NanoCpus && (before.CpuQuota || before.CpuPeriod)) throw failed('Conflict', `Conflicting options: Nano CPUs cannot be updated as CPU ${before.CpuPeriod ? 'Period' : 'Quota'} has already been set`);
    if (before.NanoCpus && !limits.NanoCpus && (limits.CpuPeriod || limits.CpuQuota)) throw failed('Conflict', `Conflicting options: CPU ${limits.CpuPeriod ? 'Period' : 'Quota'} cannot be updated as NanoCPUs has already been set`);
    if (limits.Memory && !limits.MemorySwap && before.MemorySwap > 0 && limits.Memory > before.MemorySwap) throw failed('Conflict', 'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time');
    if (RestartPolicy && before.AutoRemove) throw failed('Conflict', 'Restart policy cannot be updated because AutoRemove is enabled for the container');
    const changed = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== 0 && value !== '' && value !== null));
    if (limits.PidsLimit !== null && limits.PidsLimit < 0) changed.PidsLimit = 0; // as dockerd keeps it
    const after: HostConfig = { ...before, ...changed, ...(RestartPolicy ? { RestartPolicy } : {}) };
    if (isRunning(record.state.status) && Object.keys(changed).length) {
      const { code, stderr } = await apply(host, record.id, after);
      if (code !== 0) throw failed('System', stderr.trim().replace(/^\S+Z?: /, ''));
    }
    record.hostConfig = after;
    saveContainer(host, record);
    emit(host, container, 'update');
    return limits.BlkioWeight ? [SAYS.blkioWeight] : [];
  });
}

/** By the OCI runtime, which knows the container's cgroups. */
function apply(host: Host, id: string, hostConfig: HostConfig) {
  const file = `/run/docker/update-${id}.json`;
  return runHelper(host, {
    before: [{ do: 'write', path: file, mode: 0o600, text: JSON.stringify(resources({ ...hostConfig, PidsLimit: hostConfig.PidsLimit || -1 }, host.cgroupVersion)) }],
    argv: ['crun', `--root=${runtimeRoot}`, '--cgroup-manager=cgroupfs', 'update', `--resources=${file}`, id],
    after: [{ do: 'unlink', path: file }],
  });
}
