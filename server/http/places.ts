// Counts what is open at the same time under a key (learner, address), up to a limit. In memory, for one process.

export interface Places {
  /** False when there is no more room. */
  take(key: string): boolean;
  free(key: string): void;
}

export function createPlaces(most: number): Places {
  const taken = new Map<string, number>();
  return {
    take(key) {
      const now = taken.get(key) ?? 0;
      if (now >= most) return false;
      taken.set(key, now + 1);
      return true;
    },
    free(key) {
      const left = (taken.get(key) ?? 1) - 1;
      if (left > 0) taken.set(key, left);
      else taken.delete(key);
    },
  };
}
