import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { openColours, type Colours } from './colours.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-colours-'));
const opened: Colours[] = [];
const errors: unknown[] = [];
const open = () => {
  const colours = openColours(dir, error => errors.push(error));
  opened.push(colours);
  return colours;
};
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(() => {
  for (const colours of opened.splice(0)) colours.release();
  errors.length = 0;
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
});

test('code is coloured, and kept for whoever asks later', async () => {
  const colours = open();
  const [first, again, other] = await Promise.all([colours.of('docker run -it "$X"', 'bash'), colours.of('docker run -it "$X"', 'bash'), colours.of('FROM busybox', 'dockerfile')]);
  expect(JSON.stringify(first)).toContain('--code-token-string');
  expect(again).toBe(first);
  expect(JSON.stringify(other)).toContain('--code-token-keyword');
  expect(readdirSync(dir)).toHaveLength(2);
  const [file] = readdirSync(dir).map(name => join(dir, name));
  writeFileSync(file!, '[{"type":"text","value":"kept"}]');
  const later = await Promise.all([open().of('docker run -it "$X"', 'bash'), open().of('FROM busybox', 'dockerfile')]);
  expect(later).toContainEqual([{ type: 'text', value: 'kept' }]);
  expect(errors).toEqual([]);
});

test('what was cut off by a loss of power is coloured once more', async () => {
  await open().of('a: 1', 'yaml');
  for (const name of readdirSync(dir)) writeFileSync(join(dir, name), '[{"type":');
  expect(JSON.stringify(await open().of('a: 1', 'yaml'))).toContain('--code-token');
});

test('what was coloured long ago is not kept', async () => {
  writeFileSync(join(dir, 'old.json'), '[]');
  utimesSync(join(dir, 'old.json'), 0, 0);
  await open().of('x', 'text');
  expect(readdirSync(dir)).not.toContain('old.json');
});

test('code of an unknown language, and code when there is no process to colour it, is shown plain', async () => {
  expect(JSON.stringify(await open().of('x < y', 'cobol'))).toContain('x < y');
  const stopping = open();
  stopping.release();
  expect(JSON.stringify(await stopping.of('y > x', 'bash'))).toContain('y > x');
  expect(errors).toHaveLength(1);
});
