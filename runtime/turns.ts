// So many things at a time for each lab, the rest in the order they came: one that asks for a thousand waits for its own, and others hardly at all.
// Used by lab/frost.ts for what labs have the broker do, and by container/helper.ts.

export class Turns {
  private readonly most: number;
  private readonly labs = new Map<string, { running: number; waiting: (() => void)[] }>();
  constructor(most: number) { this.most = most; }

  async take<T>(lab: string, work: () => Promise<T>): Promise<T> {
    const own = this.labs.get(lab) ?? { running: 0, waiting: [] };
    this.labs.set(lab, own);
    if (own.running < this.most) own.running++;
    else await new Promise<void>(resolve => own.waiting.push(resolve)); // whoever ends hands its place over
    try {
      return await work();
    } finally {
      const next = own.waiting.shift();
      if (next) next();
      else if (--own.running === 0) this.labs.delete(lab);
    }
  }
}
