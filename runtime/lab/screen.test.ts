import { Terminal } from '@xterm/headless';
import { expect, it } from 'vitest';
import { lastScreen } from './screen.ts';

it('brings the text and its colours back, and says what has happened', () => {
  const screen = lastScreen('\x1b[32mroot@host1\x1b[0m:~# ls\r\nfile\r\n');
  expect(screen).toContain('\x1b[32mroot@host1\x1b[0m:~# ls\r\nfile\r\n');
  expect(screen).toContain('The lab was suspended here.');
});

it.each(['\x1b[6n', '\x1b[c', '\x1b[>0c', '\x1b]11;?\x07', '\x1bP+q544e\x1b\\', '\x1b[?2026$p'])('asks the terminal nothing again: %j', question => {
  expect(lastScreen(`a${question}b`)).toMatch(/^ab/);
});

it('keeps the newest, from the beginning of a line', () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}`).join('\r\n');
  const screen = lastScreen(lines);
  expect(screen.length).toBeLessThan(70_000);
  expect(screen).toMatch(/^line \d+\r\n/);
  expect(screen).toContain('line 19999');
});

/** What a terminal shows of it. */
async function shown(output: string): Promise<string[]> {
  const terminal = new Terminal({ cols: 100, rows: 12, allowProposedApi: true });
  await new Promise<void>(resolve => terminal.write(`${lastScreen(output)}$ `, resolve));
  const { active } = terminal.buffer;
  return Array.from({ length: active.length }, (_, line) => active.getLine(line)!.translateToString(true).trimEnd()).filter(Boolean);
}

it('stands above what comes next, also when a full-screen program was open', async () => {
  const note = '[The lab was suspended here. Files and containers are as they were; programs have ended.]';
  expect(await shown('$ echo one\r\none\r\n$ ')).toEqual(['$ echo one', 'one', '$', note, '$']);
  expect(await shown('$ vim\r\n\x1b[?1049h\x1b[3;5rtext of vim')).toEqual(['$ vim', note, '$']);
  expect(await shown('$ vim\r\n\x1b[?1049htext of vim\x1b[?1049l$ ls\r\nfile\r\n$ ')).toEqual(['$ vim', '$ ls', 'file', '$', note, '$']);
});
