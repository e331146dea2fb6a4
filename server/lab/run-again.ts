// Tells the second half of a double click on a command from the wish to run it again, whichever of the learner's tabs it came from. Owned by workspace.ts.

/** The second half of a double click comes sooner; nobody means the same twice so soon. */
const RUN_AGAIN_MS = 900;

export class RunAgain {
  private last = { what: '', at: -Infinity };

  /** False when the same was run a moment ago. */
  mayRun(terminal: string, input: string): boolean {
    const what = `${terminal} ${input}`;
    const again = what === this.last.what && performance.now() - this.last.at < RUN_AGAIN_MS;
    if (!again) this.last = { what, at: performance.now() };
    return !again;
  }
}
