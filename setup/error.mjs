// The failure that set-up shows to the person.

/** A failure that the person can act on: shown as its message alone, never with a stack trace. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
