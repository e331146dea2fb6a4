// A task whose evidence is gone, in a real lab: it says so, its reset puts back what it needs, and the others keep what they have.
import { afterEach, expect, test } from 'vitest';
import { newLearner, type Learner } from '../../server/authoring/learner.ts';
import { lessonOf } from './lesson-of.ts';

let learner: Learner;
afterEach(() => learner.leaves());

test('failed, reset, done; what was done stays done', { timeout: 60_000 }, async () => {
  learner = await newLearner(lessonOf({
    made: { event: { action: 'create', name: 'web' } },
    logged: { all: [{ call: { path: '/containers/*/logs', name: 'web', status: 'ok' } }, { container: { name: 'web' } }] },
  }, { more: { logged: {
    needs: ['made'], points: 5, hints: [{ text: 'docker logs shows it.', cost: 2 }],
    fail: { when: { event: { action: 'destroy', name: 'web' } }, found: '{container.name} and its log are gone.', tried: ['docker rm -f web'] }, reset: ['docker rm -f web', 'docker run -d --name web busybox sleep 900'],
  } } }));
  await learner.does(['docker run -d --name web busybox sleep 900']);
  expect((await learner.reaches('made', state => state.state === 'done')).state).toBe('done');
  expect(learner.asksForHint('logged')).toBe(true);
  await learner.does(['docker rm -f web']);
  expect(await learner.reaches('logged', state => state.state === 'failed')).toMatchObject({ state: 'failed', found: 'web and its log are gone.' });
  await learner.does(['docker run -d --name web busybox sleep 900; docker logs web']);
  expect((await learner.states()).get('logged')!.state).toBe('failed'); // no way but its reset
  await learner.resets('logged');
  expect([...(await learner.states())].map(([, { state }]) => state)).toEqual(['done', 'open']);
  await learner.does(['docker logs web']);
  expect(await learner.reaches('logged', state => state.state === 'done')).toMatchObject({ state: 'done', points: { got: 3, of: 5 } });
});
