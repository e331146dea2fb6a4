import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { howItEnded } from './how-it-ended.ts';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'restore-')); });
afterEach(() => rmSync(dir, { recursive: true }));

it.each([
  ['an exit code', '{"event":"started","pid":7,"time":"t1"}\n{"event":"exited","code":3,"time":"t2"}\n', { end: { kind: 'exited', code: 3 }, time: 't2' }],
  ['what was noted before the end', '{"event":"note","name":"memory","text":"oom_kill 1\\n","time":"t1"}\n{"event":"exited","code":137,"time":"t2"}\n', { end: { kind: 'exited', code: 137 }, time: 't2', notes: { memory: 'oom_kill 1\n' } }],
  ['a failure', '{"event":"failed","message":"why","time":"t1"}\n', { end: { kind: 'failed', message: 'why' }, time: 't1' }],
  ['nothing, when the shim was killed', '{"event":"started","pid":7,"time":"t1"}\n{"event":"exi', { end: { kind: 'lost' }, time: undefined }],
])('a shim\'s status file tells of %s', (_what, text, expected) => {
  writeFileSync(join(dir, 'status'), text);
  expect(howItEnded(join(dir, 'status'))).toEqual({ notes: {}, ...expected });
});

it('a status file that is not there tells of nothing', () => {
  expect(howItEnded(join(dir, 'none'))).toEqual({ end: { kind: 'lost' }, time: undefined, notes: {} });
});
