// So many at once and no more; the others wait their turn, in the order in which they came. For labs that lessons are tried in (trial.ts).

export type AtOnce = <T>(work: () => Promise<T>) => Promise<T>;

export function createAtOnce(most: number): AtOnce {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async work => {
    if (running >= most) await new Promise<void>(resolve => waiting.push(resolve)); // whoever ends hands its place on
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next(); else running--;
    }
  };
}
