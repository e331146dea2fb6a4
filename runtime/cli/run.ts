// `slipway lab exec | shell`: the operator's own standard streams, bridged to a command in a lab. The lab gets a pty of its own and never a descriptor of
// the operator's; what it writes passes a filter, so that it cannot set the operator's clipboard.
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import { findLab, withEngine } from './engine.ts';
import { ClipboardFilter } from './filter.ts';

/** Ends with the command's exit code: 127 when the lab has no such command (env looks it up there), 125 when the connection was lost. */
export const execInLab = (idOrName: string, argv: string[], options: { noTty: boolean }) => withEngine(async engine => {
  const lab = await findLab(engine, idOrName);
  const tty = !options.noTty && process.stdin.isTTY && process.stdout.isTTY ? size() : null;
  const { socketPath } = await engine.call('exec', { lab: lab.id, host: lab.hosts[0]!.id, argv: ['/usr/bin/env', '--', ...argv], tty, stdin: true, env: tty ? [`TERM=${process.env.TERM ?? 'xterm'}`] : [] });
  const shim = await ShimConnection.open(socketPath);
  shim.subscribe({ ring: true });
  shim.go();
  return tty ? bridgeTerminal(shim) : bridgePipes(shim);
});

export const shellInLab = (idOrName: string) => withEngine(async engine => {
  const lab = await findLab(engine, idOrName);
  if (!process.stdin.isTTY || !process.stdout.isTTY) return execShellWithoutTerminal();
  const terminal = await engine.call('openTerminal', { lab: lab.id, host: lab.hosts[0]!.id, title: 'operator', ...size() });
  try {
    const shim = await ShimConnection.open(terminal.socketPath);
    shim.subscribe({ ring: true });
    return await bridgeTerminal(shim);
  } finally {
    await engine.call('closeTerminal', { lab: lab.id, terminal: terminal.id }).catch(() => {}); // usually over with its shell
  }
});

function execShellWithoutTerminal(): number {
  console.error('slipway: lab shell needs a terminal; for scripts there is slipway lab exec ID -- sh -c …');
  return 2;
}

async function bridgePipes(shim: ShimConnection): Promise<number> {
  shim.on('output', (stream, data) => {
    const out = stream === 1 ? process.stdout : process.stderr;
    if (!out.write(data)) { shim.pause(); out.once('drain', () => shim.resume()); }
  });
  process.stdout.on('error', () => shim.close()); // the reader of our pipe has gone
  process.stdin.on('data', chunk => sendInput(shim, chunk as Buffer));
  process.stdin.on('end', () => shim.closeStdin());
  process.on('SIGINT', () => shim.signal(2)).on('SIGTERM', () => shim.signal(15)).on('SIGHUP', () => shim.signal(1));
  const end = await ended(shim);
  process.stdin.destroy();
  return exitCode(end);
}

async function bridgeTerminal(shim: ShimConnection): Promise<number> {
  const filter = new ClipboardFilter();
  shim.on('output', (_stream, data) => {
    if (!process.stdout.write(filter.pass(data))) { shim.pause(); process.stdout.once('drain', () => shim.resume()); }
  });
  const resize = () => shim.resize(size().cols, size().rows);
  process.stdout.on('resize', resize);
  process.stdin.setRawMode(true);
  process.stdin.on('data', chunk => sendInput(shim, chunk as Buffer));
  try {
    return exitCode(await ended(shim));
  } finally {
    process.stdout.off('resize', resize);
    process.stdin.setRawMode(false);
    process.stdin.destroy();
    process.stdout.write(PLAIN_TERMINAL);
  }
}

/** Main screen, no mouse reports, no bracketed paste, a visible cursor, no colours: whatever ran last may not have tidied up. */
const PLAIN_TERMINAL = '\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?25h\x1b[0m';

function sendInput(shim: ShimConnection, chunk: Buffer) {
  if (shim.stdin(chunk)) return;
  process.stdin.pause();
  shim.socket.once('drain', () => process.stdin.resume());
}

const size = () => ({ cols: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
const ended = (shim: ShimConnection) => new Promise<TaskEnd>(resolve => shim.once('end', resolve));

function exitCode(end: TaskEnd): number {
  if (end.kind === 'exited') return end.code;
  process.stderr.write(`slipway: ${end.kind === 'failed' ? end.message : 'the connection to the lab was lost'}\n`);
  return 125;
}
