// POST /containers/{id}/resize.
import { emit, running } from './state.ts';
import type { Container, Host } from './model.ts';

export async function resize(host: Host, container: Container, size: { rows: number; cols: number }): Promise<void> {
  running(container);
  container.live.shim?.resize(size.cols, size.rows);
  emit(host, container, 'resize', { height: String(size.rows), width: String(size.cols) });
}
