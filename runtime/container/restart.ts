// POST /containers/{id}/restart: stop if it runs, then start.
import { startNow } from './start.ts';
import { emit, inTurn } from './state.ts';
import { stopNow, type StopOptions } from './stop.ts';
import type { Container, Host } from './model.ts';

export async function restart(host: Host, container: Container, options: StopOptions): Promise<void> {
  await stopNow(host, container, options);
  await inTurn(container, () => startNow(host, container));
  emit(host, container, 'restart');
}
