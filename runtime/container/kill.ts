// POST /containers/{id}/kill, and the kill that others need. Signals go through the shim, which is the process's parent.
import { setTimeout as delay } from 'node:timers/promises';
import { SlipwayError } from '../errors.ts';
import { cgroupOf } from './paths.ts';
import { signalNumber, stopSignalNumber } from './signals.ts';
import { saveContainer } from './records.ts';
import { emit, isRunning, setState } from './state.ts';
import { wait } from './wait.ts';
import type { Container, Host } from './model.ts';

const SIGKILL = 9;
/** After a SIGKILL that did nothing (the shim is gone, or the process hangs in the kernel) the broker empties the cgroup. */
const KILL_PATIENCE_MS = 5_000;

export async function kill(host: Host, container: Container, options: { signal: string }): Promise<void> {
  const { record } = container;
  const refused = (error: unknown) => {
    const known = error instanceof SlipwayError ? error : new SlipwayError('System', String(error), { cause: error });
    return new SlipwayError(known.kind, `cannot kill container: ${record.name}: ${known.message}`, { cause: error });
  };
  let signal: number;
  try {
    signal = signalNumber(options.signal || 'SIGKILL');
    if (!isRunning(record.state.status)) throw new SlipwayError('Conflict', `container ${record.id} is not running`);
  } catch (error) {
    throw refused(error);
  }
  if (signal === SIGKILL) return killAndWait(host, container);
  // As dockerd: with no stop signal of its own, any signal is taken for the user's wish that it ends.
  const isToStop = !record.config.StopSignal || signal === stopSignalNumber(record.config.StopSignal);
  if (isToStop) noteStopped(host, container);
  sendSignal(host, container, signal);
  if (isToStop && record.state.status === 'paused') {
    await thaw(host, container);
    emit(host, container, 'unpause');
  }
}

/** No restart policy brings it back. Written down before the signal: its process may end while there is no engine. */
export function noteStopped(host: Host, container: Container) {
  if (container.live.heldDown) return;
  container.record.stoppedByUser = true;
  saveContainer(host, container.record);
}

/** To the main process, with its event. */
export function sendSignal(host: Host, container: Container, signal: number) {
  container.live.shim?.signal(signal);
  emit(host, container, 'kill', { signal: String(signal) });
}

/** Resolves when the container does not run. A frozen process dies once it thaws. */
export async function killAndWait(host: Host, container: Container): Promise<void> {
  if (!isRunning(container.record.state.status)) return;
  noteStopped(host, container);
  const over = new AbortController();
  const exited = wait(host, container, { condition: 'not-running', signal: over.signal });
  sendSignal(host, container, SIGKILL);
  await thaw(host, container);
  const patience = new AbortController();
  const late = await Promise.race([exited.then(() => false), delay(KILL_PATIENCE_MS, true, { signal: patience.signal }).catch(() => false)]);
  patience.abort();
  if (late) await host.broker.call('killCgroup', { ...host.ref, cgroup: cgroupOf(container.record) });
  await exited;
}

/** Back to running if it is paused. */
export async function thaw(host: Host, container: Container): Promise<void> {
  const { state } = container.record;
  if (state.status !== 'paused') return;
  await host.broker.call('freeze', { ...host.ref, cgroup: cgroupOf(container.record), frozen: false });
  if (container.record.state.status === 'paused') setState(host, container, { ...state, status: 'running' });
}
