import { expect, test } from 'vitest';
import { cellCommand } from './cell.ts';

test('what a service sees below its state directory is mounted after it, since state, assets and records may lie in one directory', () => {
  const script = cellCommand('nobody', ['true']).find(argument => argument.includes('pivot_root'))!;
  const at = (line: string) => { expect(script).toContain(line); return script.indexOf(line); };
  expect(at('tmp "$new/tmp"')).toBeLessThan(at('bind "$assets"')); // they may lie below /tmp
  expect(at('bind "$assets"')).toBeLessThan(at('bind "$state"'));
  expect(at('bind "$state"')).toBeLessThan(at('pool "$new$pool"'));
  expect(at('pool "$new$pool"')).toBeLessThan(at('bind "$records"'));
});
