// A token bucket per key (learner, address): so many at once, then so many a minute. In memory, for one process; keys that are
// full again are forgotten.

export interface RateLimit {
  /** Takes one token; false when there is none. */
  take(key: string): boolean;
}

export function createRateLimit(options: { burst: number; perMinute: number; now?: () => number }): RateLimit {
  const now = options.now ?? Date.now;
  const perMs = options.perMinute / 60_000;
  const refillMs = options.burst / perMs;
  const buckets = new Map<string, { tokens: number; at: number }>();
  let sweptAt = now();

  return {
    take(key) {
      const at = now();
      if (at - sweptAt > refillMs) {
        sweptAt = at;
        for (const [other, bucket] of buckets) if (at - bucket.at > refillMs) buckets.delete(other);
      }
      const bucket = buckets.get(key) ?? { tokens: options.burst, at };
      bucket.tokens = Math.min(options.burst, bucket.tokens + (at - bucket.at) * perMs);
      bucket.at = at;
      buckets.set(key, bucket);
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
}
