// The newest of what comes, as many as may be kept and as many bytes: learners say how large each is, and one process keeps them for all labs.
// Used by journal.ts and events.ts.

export class Newest<T> {
  readonly items: T[] = [];
  private readonly sizes: number[] = [];
  private readonly most: { items: number; bytes: number };
  private total = 0;
  constructor(most: { items: number; bytes: number }) { this.most = most; }

  push(item: T, bytes: number): void {
    this.items.push(item);
    this.sizes.push(bytes);
    this.total += bytes;
    let old = 0;
    for (; this.items.length - old > this.most.items || (this.total > this.most.bytes && this.items.length - old > 1); old++) this.total -= this.sizes[old]!;
    if (old === 0) return;
    this.items.splice(0, old);
    this.sizes.splice(0, old);
  }
}
