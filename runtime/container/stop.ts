// POST /containers/{id}/stop: the stop signal, some patience, then SIGKILL.
import { setTimeout as delay } from 'node:timers/promises';
import { SlipwayError } from '../errors.ts';
import { killAndWait, noteStopped, sendSignal, thaw } from './kill.ts';
import { cancelRestart } from './restart-policy.ts';
import { isSignal, signalNumber, stopSignalNumber } from './signals.ts';
import { emit, isRunning } from './state.ts';
import { wait } from './wait.ts';
import type { Container, Host } from './model.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;

export interface StopOptions { timeoutSeconds: number | null; signal: string | null }

export async function stop(host: Host, container: Container, options: StopOptions): Promise<void> {
  const { record } = container;
  if (await cancelRestart(host, container)) return noteStopped(host, container);
  if (!isRunning(record.state.status)) throw new SlipwayError('NotModified', `container ${record.id} is not running`);
  await stopNow(host, container, options);
}

/** Resolves when it does not run any more. A negative timeout waits for ever. */
export async function stopNow(host: Host, container: Container, options: StopOptions): Promise<void> {
  const { record } = container;
  if (!isRunning(record.state.status)) return;
  const seconds = options.timeoutSeconds ?? record.config.StopTimeout ?? DEFAULT_TIMEOUT_SECONDS;
  noteStopped(host, container);
  const over = new AbortController();
  const exited = wait(host, container, { condition: 'not-running', signal: over.signal });
  const signal = options.signal ? signalNumber(options.signal) : stopSignalNumber(record.config.StopSignal || 'SIGTERM');
  if (isSignal(signal)) sendSignal(host, container, signal); // as dockerd, also when nobody waits for what it does
  await thaw(host, container);
  if (seconds !== 0) {
    const timer = new AbortController();
    const waits: Promise<unknown>[] = [exited];
    if (seconds > 0) waits.push(delay(seconds * 1000, undefined, { signal: timer.signal }).catch(() => {}));
    await Promise.race(waits);
    timer.abort();
  }
  await killAndWait(host, container);
  await exited;
  emit(host, container, 'stop');
}
