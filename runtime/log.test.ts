import { expect, test } from 'vitest';
import { SlipwayError } from './errors.ts';
import { describeError } from './log.ts';
import { currentRequest, inRequest } from './request.ts';

test('of an error the log has its kind, its code and its places, but no word of it', () => {
  const cause = Object.assign(new Error("ENOENT: no such file or directory, open '/root/my diary'"), { code: 'ENOENT', syscall: 'open' });
  const described = describeError(new SlipwayError('System', 'cannot run "password=hunter2"\n    and more of it', { cause }), false);
  expect(described).toMatchObject({ type: 'SlipwayError', kind: 'System', cause: { code: 'ENOENT', syscall: 'open' } });
  expect(described.stack[0]).toMatch(/^at .*log\.test\.ts:\d+/);
  expect(JSON.stringify(described)).not.toMatch(/diary|hunter2|more of it/);
  expect(describeError('text that was thrown', false)).toEqual({ type: 'string', stack: [] });
});

test('whoever hunts a fault can have the words', () => {
  expect(describeError(new Error('what it says'), true)).toMatchObject({ message: 'what it says' });
});

test('a request keeps its id across awaits, and one that cannot be an id is not taken over', async () => {
  await inRequest(async () => {
    await new Promise(resolve => setTimeout(resolve, 1));
    expect(currentRequest()).toEqual({ request: '0123456789ab', lab: 'l1' });
  }, '0123456789ab', 'l1');
  inRequest(() => expect(currentRequest()!.request).toMatch(/^[0-9a-f]{12}$/), '"},{evil');
  expect(currentRequest()).toBeUndefined();
});
