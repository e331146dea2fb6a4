// POST /containers/{id}/wait. Registered before it returns, so that the answer's head may be sent at once.
import { isRunning } from './state.ts';
import type { Container, Host, WaitCondition, WaitResult } from './model.ts';

export function wait(_host: Host, container: Container, options: { condition: WaitCondition; signal: AbortSignal }): Promise<WaitResult> {
  const { record, live } = container;
  const { condition, signal } = options;
  if (condition === 'not-running' && !isRunning(record.state.status) && record.state.status !== 'restarting') {
    const { state } = record;
    return Promise.resolve({ exitCode: 'exitCode' in state ? state.exitCode : 0, error: 'error' in state && state.error ? state.error : null });
  }
  const waiters = { removed: live.removeWaiters, 'next-exit': live.exitWaiters, 'not-running': live.stopWaiters }[condition];
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiters.delete(waiter);
      reject(signal.reason as Error);
    };
    const waiter = (result: WaitResult) => {
      signal.removeEventListener('abort', leave);
      resolve(result);
    };
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    waiters.add(waiter);
  });
}
