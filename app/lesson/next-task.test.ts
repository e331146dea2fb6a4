import { describe, expect, it } from 'vitest';
import { countDone, nextTask } from './next-task.ts';

const tasks = [{ id: 'a', title: 'A', needs: [] }, { id: 'b', title: 'B', needs: ['c'] }, { id: 'c', title: 'C', needs: ['a'] }];
const done = { state: 'done', at: '', evidence: '' } as const;

describe('the next task', () => {
  it('is the first that is open', () => expect(nextTask(tasks, {})?.id).toBe('a'));
  it('passes over those that need another one first', () => expect(nextTask(tasks, { a: done })?.id).toBe('c'));
  it('is none when all are done', () => expect(nextTask(tasks, { a: done, b: done, c: done })).toBeUndefined());
  it('counts only tasks of this lesson', () => expect(countDone(tasks, { a: done, z: done })).toBe(1));
});
