// Helpers: short tasks inside a host with the toolbox's own programs, for what must be done as the lab's root (reading, removing).
// Their output is a learner's bytes: bounded here, and to be treated as untrusted by the caller.
import { randomBytes } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import type { HostRef, Step } from '../kernel/protocol.ts';
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import { taskSocket } from '../paths.ts';
import { Turns } from '../turns.ts';
import type { Host } from './model.ts';

const DEADLINE_MS = 20_000;
const MAX_OUTPUT = 4 << 20; // bytes
/** Of one lab: what each says is held here. */
const turns = new Turns(16);

interface Helper { argv: string[]; before?: Step[]; after?: Step[]; deadlineMs?: number; cgroup?: 'host' | 'helper' }
export interface HelperResult { code: number; stdout: string; stderr: string }

/** Runs a toolbox program (or only steps) in the host. Throws System when it could not run or was cut off. */
export const runHelper = (host: Pick<Host, 'ref' | 'broker'>, what: Helper): Promise<HelperResult> => turns.take(host.ref.lab, () => run(host, what));

async function run(host: Pick<Host, 'ref' | 'broker'>, what: Helper): Promise<HelperResult> {
  const id = `helper-${randomBytes(8).toString('hex')}`;
  await host.broker.call('startTask', { ...host.ref, task: {
    id, cgroup: what.cgroup ?? 'helper', before: what.before ?? [], after: what.after ?? [], argv: what.argv,
    io: { kind: 'pipes', stdin: false }, wait: { for: 'own' }, deadlineMs: what.deadlineMs ?? DEADLINE_MS,
  } });
  try {
    return await collect(host.ref, id, what.argv);
  } finally {
    await host.broker.call('forgetTask', { ...host.ref, task: id });
  }
}

async function collect(ref: HostRef, id: string, argv: string[]): Promise<HelperResult> {
  const shim = await ShimConnection.open(taskSocket(ref.lab, ref.host, id));
  const chunks: [Buffer[], Buffer[]] = [[], []];
  let size = 0;
  shim.on('output', (stream, data) => {
    size += data.length;
    if (size <= MAX_OUTPUT) chunks[stream - 1]!.push(Buffer.from(data));
    else shim.close();
  });
  const ended = new Promise<TaskEnd>(resolve => shim.once('end', resolve));
  shim.subscribe({ ring: false });
  shim.go();
  const end = await ended;
  if (size > MAX_OUTPUT) throw new SlipwayError('System', `${argv[0]}: more output than ${MAX_OUTPUT} bytes`);
  if (end.kind === 'failed') throw new SlipwayError('System', end.message);
  if (end.kind === 'lost') throw new SlipwayError('System', `${argv[0]}: the helper was killed`);
  return { code: end.code, stdout: Buffer.concat(chunks[0]).toString('utf8'), stderr: Buffer.concat(chunks[1]).toString('utf8') };
}
