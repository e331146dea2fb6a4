// What a host goes through when its lab is suspended and opened again: as a Docker host that is shut down and booted. Called by labs.ts.
// Containers get their stop signal, restart policies decide which of them come back, and nothing counts as stopped by the learner.
import { cancelRestart, scheduleRestart } from '../container/restart-policy.ts';
import { isRunning, setState } from '../container/state.ts';
import { stopNow } from '../container/stop.ts';
import type { Container, ContainerRecord, Host } from '../container/model.ts';
import { startNow } from '../container/start.ts';

/** Docker's own patience when it is shut down. */
const STOP_SECONDS = 10;

/** Resolves when none runs. One that would not stop is reported; it ends with the lab's processes. */
export async function stopContainers(host: Host): Promise<void> {
  await Promise.all([...host.containers.values()].map(async container => {
    const { record, live } = container;
    live.heldDown = true;
    try {
      await cancelRestart(host, container);
      if (isRunning(record.state.status)) await stopNow(host, container, { timeoutSeconds: Math.min(record.config.StopTimeout ?? STOP_SECONDS, STOP_SECONDS), signal: null });
    } catch (error) {
      host.onError(error);
    }
  }));
}

/** After the containers' records have been brought up to date (restore.ts). */
export function startByPolicy(host: Host) {
  for (const container of host.containers.values()) if (startsAtBoot(container.record)) again(host, container);
}

/** https://docs.docker.com/engine/containers/start-containers-automatically/#use-a-restart-policy Pure. */
export function startsAtBoot(record: Pick<ContainerRecord, 'hostConfig' | 'state' | 'hasBeenStarted' | 'restartCount' | 'stoppedByUser'>): boolean {
  const { Name, MaximumRetryCount } = record.hostConfig.RestartPolicy;
  if (record.state.status !== 'exited' || !record.hasBeenStarted) return false;
  if (Name === 'always') return true; // also one that was stopped by hand
  if (record.stoppedByUser) return false;
  return Name === 'unless-stopped' || (Name === 'on-failure' && record.state.exitCode !== 0 && (MaximumRetryCount === 0 || record.restartCount < MaximumRetryCount));
}

function again(host: Host, container: Container) {
  const { record, live } = container;
  if (record.state.status !== 'exited') return;
  live.startAgain = () => startNow(host, container);
  setState(host, container, { ...record.state, status: 'restarting' });
  scheduleRestart(host, container, 0);
}
