// Asks for something at most once at a time: asking while an answer is under way means one more round afterwards, however often it was
// asked. Used by grader.ts for records and logs, so that a flood of events costs one reading after another and no queue.

export class Refresher {
  private running: Promise<void> | undefined;
  private again = false;
  private readonly read: () => Promise<void>;
  private readonly onError: (error: unknown) => void;

  constructor(read: () => Promise<void>, onError: (error: unknown) => void) {
    this.read = read;
    this.onError = onError;
  }

  get busy() { return this.running !== undefined; }

  ask() {
    if (this.running) this.again = true;
    else this.running = this.rounds();
  }

  /** Resolves when no reading is under way; never rejects. */
  async idle() {
    while (this.running) await this.running;
  }

  private async rounds() {
    do {
      this.again = false;
      try {
        await this.read();
      } catch (error) {
        this.onError(error);
      }
    } while (this.again);
    this.running = undefined;
  }
}
