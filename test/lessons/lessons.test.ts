// Every lesson in real labs (server/authoring/trial.ts): an untouched lab passes nothing, each solution ticks its own task and no later one, the other
// correct ways tick too, and each listed wrong turn gets its own message. Commands are run inside the lab by its own docker client.
// Each case has a lab of its own, so several run at once; one that fails is tried once more, in a fresh lab, since some wait for the clock of a busy machine.
import { describe, test } from 'vitest';
import { loadLessons } from '../../lessons/load.ts';
import { casesOf } from '../../server/authoring/trial.ts';

const { lessons } = await loadLessons('lessons');

describe.each(lessons)('$title', lesson => {
  test.concurrent.each(casesOf(lesson))('$says', { timeout: 300_000, retry: 1 }, ({ run }) => run());
});
