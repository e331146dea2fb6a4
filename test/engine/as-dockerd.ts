// Whether a lab answers as dockerd: as it was recorded or, where a dockerd is at hand, as it answers now. dockerd is not on trial: what it says may
// differ from one time to the next (what ran beside what), which is told and fails nothing.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** `asked`: what dockerd has just answered. */
export function expectAsDockerd<T>(answer: T, recorded: T, asked?: T): void {
  if (asked !== undefined && !isDeepStrictEqual(asked, recorded)) {
    console.warn(`dockerd answers something else than it did when it was recorded: ${JSON.stringify(asked)}\nThen it was: ${JSON.stringify(recorded)}`);
    if (isDeepStrictEqual(answer, asked)) return;
  }
  expect(answer).toEqual(recorded);
}
