// What follows when a container's process has ended: once, whoever started it. Called by start.ts, and by the engine's restart.
import type { ShimConnection, TaskEnd } from '../kernel/shim.ts';
import { taskStatus } from '../paths.ts';
import { leaveNetworks } from '../network/endpoint.ts';
import { asSlipwayError } from '../errors.ts';
import { watchHealth } from './health.ts';
import { runHelper } from './helper.ts';
import { howItEnded } from './how-it-ended.ts';
import { cgroupOf, taskOf } from './paths.ts';
import { cleanUp, OOM_NOTE } from './plan.ts';
import { removeNow } from './remove.ts';
import { scheduleRestart, wantsRestart } from './restart-policy.ts';
import { emit, inTurn, setState } from './state.ts';
import { nowNano, timestamp } from './time.ts';
import type { Container, Host, RunningState } from './model.ts';

const SIGKILLED = 137;

/** Waits on the shim for the end of the running process. */
export function watchExit(host: Host, container: Container, shim: ShimConnection) {
  watchHealth(host, container, shim);
  shim.once('end', end => {
    if (container.live.shim !== shim) return;
    // A shim whose command has ended waits for nobody: who connects at that moment may lose it before it has said how.
    const known = end.kind === 'lost' ? howItEnded(taskStatus(host.ref.lab, host.ref.host, taskOf(container.record.id))) : { end, time: undefined };
    ended(host, container, known.end, known.time).catch(error => host.onError(error));
  });
}

/** What is said of a container whose exit code is not known; dockerd gives the same codes. Never that of a success. */
interface Lost { exitCode: number; error: string }
const SHIM_KILLED: Lost = { exitCode: SIGKILLED, error: 'the process that held its input and output (its shim) was killed: the container was ended, and what it wrote last may be missing' };
/** Nobody was there to see it: the machine has lost its power, or its shim and the engine died at the same time. */
export const UNSEEN: Lost = { exitCode: 255, error: 'it was cut off, as by a loss of power: how it would have ended is not known, and what it wrote last may be missing' };

/** The container was running; its process is not any more. */
export async function ended(host: Host, container: Container, end: TaskEnd, finishedAt = timestamp(), otherwise: Lost = SHIM_KILLED): Promise<void> {
  const { record, live } = container;
  const { state } = record;
  if (host.closing.signal.aborted || (state.status !== 'running' && state.status !== 'paused')) return;
  live.shim = null;
  if (end.kind !== 'exited') await finishOff(host, container, state);
  const { exitCode, error } = end.kind === 'exited' ? { exitCode: end.code, error: '' } : otherwise;
  const oomKilled = exitCode === SIGKILLED && wasOutOfMemory(host, record.id);
  leaveNetworks(host, record);
  const again = !live.removing && !live.heldDown && wantsRestart(record, exitCode);
  setState(host, container, { status: again ? 'restarting' : 'exited', startedAt: state.startedAt, finishedAt, exitCode, oomKilled, error });
  announceEnd(host, container, state, exitCode, oomKilled);
  for (const waiter of [...live.exitWaiters, ...live.stopWaiters]) waiter({ exitCode, error: null });
  live.exitWaiters.clear();
  live.stopWaiters.clear();
  if (again) return scheduleRestart(host, container, Date.now() - Date.parse(state.startedAt));
  if (record.hostConfig.AutoRemove && !live.removing) await inTurn(container, () => removeNow(host, container, { volumes: true }));
}

/** The shim was lost, and with it the exit code and its steps: nothing of the container may live on unseen. */
async function finishOff(host: Host, container: Container, state: RunningState) {
  const { record } = container;
  try {
    await host.broker.call('killCgroup', { ...host.ref, cgroup: cgroupOf(record) });
  } catch (error) {
    if (asSlipwayError(error).kind !== 'NotFound') host.onError(error);
  }
  await runHelper(host, { argv: ['busybox', 'true'], after: cleanUp(host, record, state.endpoints) });
}

/** v1: `oom_kill 1` in memory.oom_control; v2: `oom_kill 1` in memory.events. */
function wasOutOfMemory(host: Host, id: string): boolean {
  const { notes } = howItEnded(taskStatus(host.ref.lab, host.ref.host, taskOf(id)));
  return /^oom_kill [1-9]/m.test(notes[OOM_NOTE] ?? '');
}

function announceEnd(host: Host, container: Container, state: RunningState, exitCode: number, oomKilled: boolean) {
  const { record } = container;
  if (oomKilled) emit(host, container, 'oom');
  for (const endpoint of state.endpoints) host.events.emit('network', 'disconnect', endpoint.networkId, { container: record.id, name: endpoint.network, type: host.networks.find(endpoint.networkId)?.driver ?? 'bridge' });
  for (const mount of record.mounts.filter(m => m.type === 'volume')) host.events.emit('volume', 'unmount', mount.name, { container: record.id, driver: mount.driver });
  const execDuration = Math.max(0, Math.floor((Number(nowNano() / 1_000_000n) - Date.parse(state.startedAt)) / 1000));
  emit(host, container, 'die', { execDuration: String(execDuration), exitCode: String(exitCode) });
}
