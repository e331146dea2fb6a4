// Runs a lesson's commands in a lab's host, as its learner would: a line for bash, or a program in a terminal with what is typed into it. Used for
// set-up and replays (workspace.ts) and for trying a lesson (authoring/). What they print is the lab's word and nobody's evidence.
import type { Command } from '../../lessons/schema.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import { ShimConnection, type TaskEnd } from '../../runtime/kernel/shim.ts';

/** A prompt has come when the terminal has been silent for so long after it said something. */
const PROMPT_MS = 300;
const DEADLINE_MS = 40_000;
/** Beyond this the rest of what a command prints is left out. */
const MAX_OUTPUT = (1 << 20) + 4096;
const KEYS: Record<string, string> = { '^P^Q': '\x10\x11', '^D': '\x04', '^C': '\x03' };

export interface ExecRequest extends HostRef { argv: string[]; tty?: { cols: number; rows: number }; stdin?: boolean; asLearner?: boolean; env?: string[]; cwd?: string; deadlineMs?: number; }
/** The engine's `exec` verb. */
export type Exec = (request: ExecRequest) => Promise<{ socketPath: string }>;
export interface Ended { output: string; bytes: Buffer; code: number; }

/** As root. */
export const runCommand = (exec: Exec, at: HostRef, command: Command): Promise<Ended> =>
  (typeof command === 'string' ? runProgram(exec, { ...at, argv: ['/bin/bash', '-lc', command], deadlineMs: DEADLINE_MS }) : runInTerminal(exec, at, command));

/** As the user of the lab's terminals, as the learner would. */
export const runAsLearner = (exec: Exec, at: HostRef, command: Command): Promise<Ended> => runCommand(request => exec({ ...request, asLearner: true }), at, command);

/** Runs a program to its end; `input` is what it reads. Rejects when it could not be started or was cut short. */
export async function runProgram(exec: Exec, request: ExecRequest, input?: Buffer): Promise<Ended> {
  const { socketPath } = await exec({ ...request, ...(input ? { stdin: true } : {}) });
  const { shim, ended, read } = await connect(socketPath);
  shim.go();
  if (input) {
    shim.stdin(input);
    shim.closeStdin();
  }
  return finished(request.argv.join(' '), await ended, read());
}

/** Types each line once the program waits for it; then lets the command end, or leaves it when it does not (a detached session ends). */
async function runInTerminal(exec: Exec, at: HostRef, command: Exclude<Command, string>): Promise<Ended> {
  const { socketPath } = await exec({ ...at, argv: ['/bin/bash', '-lc', command.terminal], tty: { cols: 100, rows: 30 }, stdin: true, deadlineMs: DEADLINE_MS, env: ['TERM=xterm'] });
  const { shim, ended, read, silence } = await connect(socketPath);
  shim.go();
  for (const line of command.type) {
    await silence();
    shim.stdin(Buffer.from(KEYS[line] ?? `${line}\r`));
  }
  return finished(command.terminal, await ended, read());
}

function finished(what: string, end: TaskEnd, bytes: Buffer): Ended {
  const output = bytes.toString('utf8');
  if (end.kind !== 'exited') throw new Error(`${what}: ${end.kind}${end.kind === 'failed' ? `: ${end.message}` : ''}\n${output}`);
  return { output, bytes, code: end.code };
}

async function connect(socketPath: string) {
  const shim = await ShimConnection.open(socketPath);
  const chunks: Buffer[] = [];
  let length = 0;
  let heard = () => {};
  shim.on('output', (_stream, data) => {
    if (length < MAX_OUTPUT) chunks.push(data);
    length += data.length;
    heard();
  });
  const ended = new Promise<TaskEnd>(resolve => shim.on('end', end => { heard(); resolve(end); }));
  shim.subscribe({ ring: true });
  const silence = () => new Promise<void>(resolve => {
    let timer: NodeJS.Timeout | undefined;
    heard = () => { clearTimeout(timer); if (length > 0) timer = setTimeout(resolve, PROMPT_MS); };
    heard();
    void ended.then(() => { clearTimeout(timer); resolve(); });
  });
  return { shim, ended, silence, read: () => Buffer.concat(chunks).subarray(0, MAX_OUTPUT) };
}
