// A lesson's own script, in a fresh helper of the lab: the toolbox's busybox, never the learner's programs, but in the lab's own mounts, where its root can
// show it what they like. So its answer is the lab's own word: never enough for a tick.
import { runHelper } from '../container/helper.ts';
import { running } from '../container/state.ts';
import type { Host } from '../container/model.ts';
import type { Found } from '../lab/readings.ts';

const DEADLINE_MS = 5_000;
const MAX_OUTPUT = 16 << 10;

export async function readScript(host: Host, container: string | undefined, run: string): Promise<Found> {
  const inside = container === undefined ? undefined : host.containers.get(container);
  if (container !== undefined && inside?.record.state.status !== 'running') return { kind: 'none' };
  const root = inside ? `/proc/${running(inside).pid}/root` : '/';
  const { code, stdout } = await runHelper(host, { argv: ['busybox', 'sh', '-c', `ROOT=$1\n${run}`, 'sh', root], deadlineMs: DEADLINE_MS });
  return { kind: 'script', code, output: stdout.slice(0, MAX_OUTPUT) };
}
