import { expect, test } from 'vitest';
import { createQueue, inWords } from './queue.ts';

test('first come, first served; who leaves makes room for those behind', () => {
  const queue = createQueue();
  const [a, b, c] = [queue.join(), queue.join(), queue.join()];
  expect([a.place, b.place, c.place]).toEqual([1, 2, 3]);
  b.leave();
  b.leave();
  expect([a.place, c.place, queue.length]).toEqual([1, 2, 2]);
  a.served();
  expect(c.place).toBe(1);
});

test('an estimate is made from how fast others got in, and none when nobody can know', () => {
  let now = 0;
  const queue = createQueue(() => now);
  const tickets = [queue.join(), queue.join(), queue.join(), queue.join(), queue.join()];
  expect(tickets[4]!.seconds).toBeUndefined();
  tickets[0]!.served();
  expect(tickets[4]!.seconds).toBeUndefined();
  now = 60_000;
  tickets[1]!.served();
  expect(tickets[2]!.seconds).toBe(60);
  expect(tickets[4]!.seconds).toBe(180);
  now = 90_000;
  expect(tickets[2]!.seconds).toBe(30);
  now = 3_600_000;
  expect(tickets[2]!.seconds).toBeUndefined();
});

test('the words say the place, and how long only when it is known', () => {
  expect(inWords(1, undefined).en).toBe('There is no room for another lab just now. You are next; your lab starts by itself as soon as there is. The lesson can be read meanwhile.');
  expect(inWords(3, 130).en).toContain('You are number 3 in the queue, which takes about 3 minutes as things go');
});
