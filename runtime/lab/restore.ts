// After a restart of the engine: containers that were running are found again by their shims, or by what those wrote when they ended.
import { readFileSync } from 'node:fs';
import { ended, watchExit } from '../container/exit.ts';
import type { Container, Host } from '../container/model.ts';
import { startNow } from '../container/start.ts';
import { taskOf } from '../container/paths.ts';
import { scheduleRestart } from '../container/restart-policy.ts';
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import { taskSocket, taskStatus } from '../paths.ts';

export async function restoreContainers(host: Host): Promise<void> {
  const all = [...host.containers.values()];
  for (const { record } of all) {
    if (record.state.status === 'running' || record.state.status === 'paused') for (const endpoint of record.state.endpoints) host.networks.join(record.id, endpoint);
  }
  if (all.some(({ record: { state } }) => 'endpoints' in state && state.endpoints.some(e => e.dnsNames))) await host.nameServer.ensure();
  await Promise.all(all.map(container => restore(host, container)));
}

async function restore(host: Host, container: Container): Promise<void> {
  const { record, live } = container;
  live.startAgain = () => startNow(host, container);
  if (record.state.status === 'restarting') scheduleRestart(host, container, 0);
  if (record.state.status !== 'running' && record.state.status !== 'paused') return;
  const task = taskOf(record.id);
  try {
    live.shim = await ShimConnection.open(taskSocket(host.ref.lab, host.ref.host, task));
    watchExit(host, container, live.shim);
  } catch {
    const { end, time } = howItEnded(taskStatus(host.ref.lab, host.ref.host, task));
    await ended(host, container, end, time);
  }
}

/** From the shim's status file; lost when it says nothing of an end. */
export function howItEnded(path: string): { end: TaskEnd; time: string | undefined } {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const line of text.split('\n').reverse()) {
    try {
      const entry = JSON.parse(line) as { event?: string; code?: number; message?: string; time?: string };
      if (entry.event === 'exited' && typeof entry.code === 'number') return { end: { kind: 'exited', code: entry.code }, time: entry.time };
      if (entry.event === 'failed') return { end: { kind: 'failed', message: entry.message ?? '' }, time: entry.time };
    } catch { /* a line cut off when the shim was killed */ }
  }
  return { end: { kind: 'lost' }, time: undefined };
}
