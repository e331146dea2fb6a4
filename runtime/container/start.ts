// POST /containers/{id}/start, top to bottom: user, namespaces, endpoint, spec, one task; the shim's first word decides.
// Whatever fails before the process runs is undone here; what happens after it has ended is exit.ts's.
import { SlipwayError } from '../errors.ts';
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import { taskSocket } from '../paths.ts';
import { joinNetworks, leaveNetworks, makeLinks } from '../network/endpoint.ts';
import { MADE_ANEW } from '../network/lost.ts';
import { mendNetworks } from './mend.ts';
import { containerSpec, type Found } from '../oci/spec.ts';
import { watchExit } from './exit.ts';
import { greeted } from './greeted.ts';
import { startedWith } from './daemon-config.ts';
import { findLinks } from './links.ts';
import { netnsPath, sandboxIdOf, shmDir, taskOf } from './paths.ts';
import { hasOwnNetns, startTask } from './plan.ts';
import { removeNow } from './remove.ts';
import { resolve } from './resolve.ts';
import { startFailure } from './runtime-errors.ts';
import { sandboxSteps } from './sandbox.ts';
import { emit, inTurn, setState } from './state.ts';
import { timestamp } from './time.ts';
import { resolveUser } from './user.ts';
import { ZERO_TIME, type Container, type ContainerRecord, type Endpoint, type Host, type PendingAttachment } from './model.ts';

export function start(host: Host, container: Container): Promise<void> {
  return inTurn(container, () => startNow(host, container));
}

/** For verbs that hold the container's turn already. */
export async function startNow(host: Host, container: Container): Promise<void> {
  const { record, live } = container;
  if (record.state.status === 'running') throw new SlipwayError('NotModified', `container ${record.id} is already running`);
  if (record.state.status === 'paused') throw new SlipwayError('Conflict', 'cannot start a paused container, try unpause instead');
  if (live.removing || record.state.status === 'dead') throw new SlipwayError('Conflict', 'container is marked for removal and cannot be started');
  if (live.restartTimer) clearTimeout(live.restartTimer); // by hand, before its time
  live.restartTimer = null;
  live.startAgain = () => startNow(host, container);
  const attachments = [...live.pendingAttachments];
  live.pendingAttachments.clear();
  try {
    await launch(host, container, attachments);
  } catch (error) {
    for (const attachment of attachments) attachment.abandon(error instanceof Error ? error.message : String(error));
    leaveNetworks(host, record);
    if (error instanceof SlipwayError && error.message.endsWith(MADE_ANEW)) await mendNetworks(host).catch(failure => host.onError(failure));
    await recordFailure(host, container, error);
    throw error;
  }
}

async function launch(host: Host, container: Container, attachments: PendingAttachment[]) {
  const { record, live } = container;
  const user = await resolveUser(host, record, record.config.User, record.hostConfig.GroupAdd ?? []);
  const namespaces = findNamespaces(host, record);
  const endpoints = joinNetworks(host, record);
  if (endpoints.some(e => e.dnsNames)) await host.nameServer.ensure();
  const links = findLinks(host, record);
  record.linkEnv = links.env;
  const spec = containerSpec(startedWith(host.daemon.config, record), { user, ...namespaces });
  if (record.state.status === 'restarting') setState(host, container, { ...record.state, attempt: { at: timestamp(), endpoints } });
  const task = startTask(host, record, { spec, sandbox: sandboxSteps(host, record, endpoints, links.hosts), network: makeLinks(host, record, endpoints), endpoints });
  await host.broker.call('startTask', { ...host.ref, task });

  const socket = taskSocket(host.ref.lab, host.ref.host, taskOf(record.id));
  const shim = await ShimConnection.open(socket);
  const started = awaitStart(shim, pid => {
    record.hasBeenStarted = true;
    record.stoppedByUser = false;
    const finishedAt = 'finishedAt' in record.state ? record.state.finishedAt : ZERO_TIME;
    live.shim = shim;
    setState(host, container, { status: 'running', startedAt: timestamp(), finishedAt, pid, endpoints });
    announceStart(host, container, endpoints);
    watchExit(host, container, shim);
  });
  // Every attachment is connected before the process may write its first byte.
  const connections = await Promise.all(attachments.map(async attachment => ({ attachment, shim: await greeted(socket) })));
  for (const c of connections) c.attachment.connect(c.shim);
  shim.go();
  const end = await started;
  if (end) throw startFailure(end, record);
}

/** Resolves with null once the process runs, or with what came instead. */
function awaitStart(shim: ShimConnection, onStarted: (pid: number) => void): Promise<TaskEnd | null> {
  return new Promise(resolve => {
    shim.once('started', pid => {
      onStarted(pid);
      resolve(null);
    });
    shim.once('end', resolve);
  });
}

export function announceStart(host: Host, container: Container, endpoints: readonly Endpoint[]) {
  const { record } = container;
  for (const endpoint of endpoints) host.events.emit('network', 'connect', endpoint.networkId, { container: record.id, name: endpoint.network, type: host.networks.find(endpoint.networkId)?.driver ?? 'bridge' });
  for (const mount of record.mounts.filter(m => m.type === 'volume')) {
    host.events.emit('volume', 'mount', mount.name, { container: record.id, destination: mount.destination, driver: mount.driver, propagation: mount.propagation, 'read/write': String(mount.rw) });
  }
  emit(host, container, 'start');
}

function findNamespaces(host: Host, record: ContainerRecord): Omit<Found, 'user'> {
  const { hostConfig } = record;
  const of = (mode: string, namespace: 'net' | 'pid' | 'ipc') => {
    if (!mode.startsWith('container:')) return null;
    const other = resolve(host, mode.slice('container:'.length));
    const { state, id } = other.record;
    if (state.status !== 'running' && state.status !== 'paused') {
      throw new SlipwayError(namespace === 'net' ? 'Conflict' : 'InvalidParameter', namespace === 'net' ? `cannot join network of a non running container: ${id}` : `failed to join ${namespace.toUpperCase()} namespace: container ${id} is not running`);
    }
    if (namespace === 'ipc' && other.record.hostConfig.IpcMode !== 'shareable') throw new SlipwayError('InvalidParameter', `failed to join IPC namespace: container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
    return { path: `/proc/${state.pid}/ns/${namespace}` };
  };
  const mode = hostConfig.NetworkMode;
  if (!mode.startsWith('container:') && mode in record.endpoints) host.networks.resolve(mode);
  return {
    network: of(mode, 'net') ?? (hasOwnNetns(record) ? { path: netnsPath(sandboxIdOf(record.id)) } : 'host'),
    ...(mode.startsWith('container:') ? { sandboxOf: resolve(host, mode.slice('container:'.length)).record.id } : {}),
    pid: of(hostConfig.PidMode, 'pid') ?? (hostConfig.PidMode === 'host' ? 'host' : 'private'),
    ...sharedMemory(host, record),
    ipc: of(hostConfig.IpcMode, 'ipc') ?? (hostConfig.IpcMode === 'host' ? 'host' : 'private'),
    uts: hostConfig.UTSMode === 'host' ? 'host' : 'private',
    cgroup: hostConfig.CgroupnsMode === 'private' ? 'private' : 'host',
    cgroupVersion: host.cgroupVersion,
  };
}

function sharedMemory(host: Host, { id, hostConfig: { IpcMode } }: ContainerRecord): { shm?: string } {
  if (IpcMode === 'host') return { shm: '/dev/shm' };
  if (IpcMode === 'shareable') return { shm: shmDir(id) };
  return IpcMode.startsWith('container:') ? { shm: shmDir(resolve(host, IpcMode.slice('container:'.length)).record.id) } : {};
}

/** A container that could not start is `created` (or exited, if it once ran) with the reason; with --rm it goes. */
async function recordFailure(host: Host, container: Container, error: unknown) {
  const { record } = container;
  const exitCode = error instanceof SlipwayError && 'exitCode' in error ? Number(error.exitCode) : 128;
  const message = error instanceof Error ? error.message : String(error);
  const { state } = record;
  record.hasBeenStarted = true; // its directories may be there: remove.ts looks
  if (state.status === 'exited' || state.status === 'restarting') setState(host, container, { status: 'exited', startedAt: state.startedAt, finishedAt: state.finishedAt, oomKilled: state.oomKilled, exitCode, error: message });
  else setState(host, container, { status: 'created', exitCode, error: message });
  if (record.hostConfig.AutoRemove) await removeNow(host, container, { volumes: true });
}
