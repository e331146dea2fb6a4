import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { TaskEnd } from '../../runtime/kernel/shim.ts';
import { type FloodShim, startFloodShim } from '../testing/flood.ts';
import { BEHIND_ABOVE, PAUSE_ABOVE, SCREEN_PAUSE_ABOVE } from './flow.ts';
import { type Screens, startScreens } from './screens.ts';
import { HubTerminal, reasonOf } from './terminal.ts';
import type { Outlet, Viewer } from './viewer.ts';

vi.setConfig({ testTimeout: 60_000 }); // a loaded machine, not a slow server

const { Terminal } = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless');

/** What the kernel and both ends of a unix socket may hold besides: generous, for the tests only tell bounded from unbounded. */
const SOCKET_SLACK = 2 << 20;
const size = { cols: 80, rows: 24 };

let screens: Screens;
let shim: FloodShim;
let mostUnparsed: number;
/** The screens, noting how much they ever had before them. */
const measured: Screens = {
  open(at, onParsed) {
    const screen = screens.open(at, onParsed);
    const { write } = screen;
    screen.write = data => {
      write(data);
      mostUnparsed = Math.max(mostUnparsed, screen.unparsed);
    };
    return screen;
  },
  release: () => screens.release(),
};
let terminal: HubTerminal;
let ends: TaskEnd[];
beforeAll(() => { screens = startScreens(); });
afterAll(() => screens.release());
beforeEach(async () => {
  shim = await startFloodShim();
  ends = [];
  mostUnparsed = 0;
  terminal = await HubTerminal.open(shim.path, measured, size, end => ends.push(end));
});
afterEach(() => {
  terminal.release();
  shim.close();
});

/** A tab: 'fast' acknowledges at once, 'stalled' never does until told, 'lying' acknowledges without ever reading its connection. */
class Tab implements Outlet {
  bytes = 0;
  screens: string[] = [];
  parts: Buffer[] = [];
  ended: string | undefined;
  viewer!: Viewer;
  kind: 'fast' | 'stalled' | 'lying';
  private queued = 0;
  readonly keep: boolean;
  constructor(kind: 'fast' | 'stalled' | 'lying', keep = false) {
    this.kind = kind;
    this.keep = keep;
  }
  async attach() {
    const { viewer, screen, go } = await terminal.attach(this, size);
    this.viewer = viewer;
    this.screens.push(screen);
    go();
    return this;
  }
  output(data: Buffer) {
    this.bytes += data.length;
    if (this.keep) this.parts.push(data);
    if (this.kind === 'lying') this.queued += data.length;
    if (this.kind !== 'stalled') setImmediate(() => terminal.acknowledge(this.viewer, data.length));
  }
  screen(text: string) {
    this.screens.push(text);
    this.parts = [];
  }
  closed(end: TaskEnd) { this.ended = reasonOf(end).en; }
  queuedBytes() { return this.queued; }
  catchUp() {
    this.kind = 'fast';
    terminal.acknowledge(this.viewer, Number.MAX_SAFE_INTEGER);
  }
}

const line = Buffer.from(`${'y\r\n'.repeat(1365)}`);
function* yes(bytes: number) { for (let sent = 0; sent < bytes; sent += line.length) yield line; }
const until = (condition: () => boolean) => expect.poll(condition, { timeout: 20_000, interval: 5 }).toBe(true);
/** Long enough for anything that was going to move to have moved: the screens' thread has answered 20 times. */
async function settle() {
  const screen = screens.open(size, () => {});
  for (let n = 0; n < 20; n++) {
    await screen.serialize();
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  screen.release();
}

test.each(['stalled', 'lying'] as const)('a %s tab holds the program back: neither it nor the server takes more', async kind => {
  const tab = await new Tab(kind).attach();
  const printing = shim.print(yes(64 << 20));
  await until(() => tab.bytes > PAUSE_ABOVE);
  await settle();
  const { taken } = shim;
  await settle();
  expect(shim.taken).toBe(taken);
  expect(taken).toBeLessThan(PAUSE_ABOVE + SOCKET_SLACK);
  expect(tab.bytes).toBeLessThan(PAUSE_ABOVE + (256 << 10));
  shim.close();
  await printing;
});

test('input passes while output is held back, and the program goes on when the tab has caught up', async () => {
  const tab = await new Tab('stalled').attach();
  const total = 8 << 20;
  const printing = shim.print(yes(total));
  await until(() => tab.bytes > PAUSE_ABOVE);
  terminal.input(tab.viewer, Buffer.from('\u0003'));
  await until(() => shim.input.some(data => data.equals(Buffer.from('\u0003'))));
  expect(tab.bytes).toBeLessThan(PAUSE_ABOVE + (256 << 10));
  tab.catchUp();
  await printing;
  await until(() => tab.bytes >= total);
});

test('a flood that nobody watches is read at the pace of the kept screen', async () => {
  await shim.print(yes(16 << 20));
  expect(mostUnparsed).toBeGreaterThan(SCREEN_PAUSE_ABOVE);
  expect(mostUnparsed).toBeLessThan(SCREEN_PAUSE_ABOVE + (256 << 10));
});

test('memory is flat while a stalled tab has a flood before it', async () => {
  const tab = await new Tab('stalled').attach();
  const printing = shim.print(yes(256 << 20));
  await until(() => tab.bytes > PAUSE_ABOVE);
  await settle();
  const before = process.memoryUsage();
  await settle();
  await settle();
  const after = process.memoryUsage();
  expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(4 << 20);
  shim.close();
  await printing;
});

test('a tab far behind a faster one is cut off, and gets a fresh screen when it has caught up', async () => {
  const [fast, slow] = [await new Tab('fast').attach(), await new Tab('stalled').attach()];
  const total = 16 << 20;
  await shim.print(yes(total));
  await shim.print([Buffer.from('the end\r\n')]);
  await until(() => fast.bytes >= total);
  expect(slow.bytes).toBeLessThan(BEHIND_ABOVE + (256 << 10));
  expect(slow.screens.length).toBe(1);
  slow.catchUp();
  await until(() => slow.screens.length === 2);
  expect(slow.screens[1]).toContain('the end');
  await shim.print([Buffer.from('more')]);
  await until(() => slow.parts.length === 0 && slow.bytes > 0 && fast.bytes >= total + 13);
});

test('a screen knows what it has not parsed yet, and ends', async () => {
  const screen = screens.open(size, () => {});
  screen.write(line);
  expect(screen.unparsed).toBe(line.length);
  await screen.serialize();
  await until(() => screen.unparsed === 0);
  screen.release();
  await expect(screen.serialize()).rejects.toThrow('has ended');
});

test('screen and stream fit together to the byte, wherever a tab joins', async () => {
  const all = Buffer.from(Array.from({ length: 1500 }, (_, n) => `\u001b[3${n % 8};1mline ${n} — größe € 😀\u001b[0m\u001b]0;title ${n}\u0007\r\n`).join(''));
  // Cut at lengths that fall into letters and sequences.
  const chunks: Buffer[] = [];
  for (let at = 0, n = 0; at < all.length; n++) {
    const length = 1 + ((n * 7919) % 61);
    chunks.push(all.subarray(at, at + length));
    at += length;
  }
  const wholeAndEnd = await shown([all, Buffer.from('end')]);
  const tabs: Tab[] = [];
  const step = Math.ceil(chunks.length / 15);
  for (let at = 0; at < chunks.length; at += step) {
    const printing = shim.print(chunks.slice(at, at + step));
    tabs.push(await new Tab('fast', true).attach());
    await printing;
    tabs.push(await new Tab('fast', true).attach());
  }
  await shim.print([Buffer.from('end')]);
  for (const tab of tabs) {
    await until(() => Buffer.concat(tab.parts).toString().endsWith('end'));
    expect(await shown([Buffer.from(tab.screens.at(-1)!), ...tab.parts])).toBe(wholeAndEnd);
  }
});

test('what came before anybody looked is on the screen, and the end of the shell is told once', async () => {
  await shim.print([Buffer.from('$ earlier\r\n')]);
  await until(() => shim.taken > 0);
  const tab = new Tab('fast');
  await expect.poll(async () => (await tab.attach()).screens.at(-1), { timeout: 20_000 }).toContain('earlier');
  shim.exit(2);
  await until(() => ends.length > 0);
  expect(ends).toEqual([{ kind: 'exited', code: 2 }]);
  expect(tab.ended).toBe('The shell has ended with exit code 2.');
  await expect(terminal.attach(tab, size)).rejects.toThrow('has ended');
});

/** The text of the last screen (with scrollback) that these bytes make. */
async function shown(parts: Buffer[]): Promise<string> {
  const reader = new Terminal({ ...size, scrollback: 500, allowProposedApi: true });
  for (const part of parts) reader.write(part);
  await new Promise<void>(resolve => reader.write('', resolve));
  const { active } = reader.buffer;
  const lines = Array.from({ length: active.length }, (_, n) => active.getLine(n)!.translateToString(true));
  reader.dispose();
  return lines.join('\n').trimEnd().split('\n').slice(-400).join('\n');
}
