// --restart: whether a container that has ended starts again, and when. Called by exit.ts; stop, kill and remove call it off.
import { inTurn, setState } from './state.ts';
import type { Container, ContainerRecord, Host } from './model.ts';

const FIRST_DELAY_MS = 100; // doubled at each quick end, as dockerd does
const LONGEST_DELAY_MS = 60_000;
const LONG_RUN_MS = 10_000; // a run this long starts the delays anew

/** Pure. */
export function wantsRestart(record: Pick<ContainerRecord, 'hostConfig' | 'restartCount' | 'stoppedByUser'>, exitCode: number): boolean {
  const { Name, MaximumRetryCount } = record.hostConfig.RestartPolicy;
  if (record.stoppedByUser) return false;
  if (Name === 'always' || Name === 'unless-stopped') return true;
  return Name === 'on-failure' && exitCode !== 0 && (MaximumRetryCount === 0 || record.restartCount < MaximumRetryCount);
}

/** How long to wait before the next restart, `before` being the last wait (0: there was none). Pure. */
export function nextDelay(before: number, ranMs: number): number {
  return before === 0 || ranMs >= LONG_RUN_MS ? FIRST_DELAY_MS : Math.min(before * 2, LONGEST_DELAY_MS);
}

/** Of a container in state `restarting`. */
export function scheduleRestart(host: Host, container: Container, ranMs: number) {
  const { live, record } = container;
  live.restartDelayMs = nextDelay(live.restartDelayMs, ranMs);
  live.restartTimer = setTimeout(() => {
    live.restartTimer = null;
    inTurn(container, async () => {
      if (record.state.status !== 'restarting' || host.closing.signal.aborted) return;
      record.restartCount++;
      await live.startAgain?.();
    }).catch(error => {
      if (!host.closing.signal.aborted) host.onError(error);
    });
  }, live.restartDelayMs);
}

/** It stays exited. True when there was something to call off; false also when it is running by now, since its start was under way. */
export async function cancelRestart(host: Host, container: Container): Promise<boolean> {
  const { live, record } = container;
  if (record.state.status === 'restarting' && !live.restartTimer) await live.busy;
  const { state } = record;
  if (state.status !== 'restarting') return false;
  if (live.restartTimer) clearTimeout(live.restartTimer);
  live.restartTimer = null;
  const { attempt: _, ...end } = state;
  setState(host, container, { ...end, status: 'exited' });
  for (const waiter of live.stopWaiters) waiter({ exitCode: state.exitCode, error: null });
  live.stopWaiters.clear();
  return true;
}
