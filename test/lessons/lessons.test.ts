// Every lesson in real labs (server/authoring/trial.ts): an untouched lab passes nothing, each solution ticks its own task and no later one, the other
// correct ways tick too, and each listed wrong turn gets its own message. Commands are run inside the lab by its own docker client.
// All cases of all lessons are begun at once and wait for their turn; one that fails is tried once more, in a fresh lab, since some wait for the clock of a busy machine.
import { describe, test } from 'vitest';
import { loadLessons } from '../../lessons/load.ts';
import { createAtOnce } from '../../server/authoring/at-once.ts';
import { casesOf } from '../../server/authoring/trial.ts';

/** Much of the time is waiting: for containers to stop, for a second to pass. */
const LABS_AT_ONCE = 6;
const atOnce = createAtOnce(LABS_AT_ONCE);
const { lessons } = await loadLessons('lessons');

describe.concurrent.each(lessons)('$title', lesson => {
  test.concurrent.each(casesOf(lesson, atOnce))('$says', { timeout: 1_200_000, retry: 1 }, ({ run }) => run());
});
