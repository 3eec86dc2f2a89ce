/** A number of events that may happen now. Full, it allows a burst; then one event per refill interval. */
export interface TokenBucket {
  readonly tokens: number;
  /** Monotonic time of the last refill. */
  readonly filledMs: number;
}

interface Rate {
  readonly burst: number;
  readonly refillMs: number;
}

/** The bucket with the tokens that it has got until now; a full one if there is none yet. */
export function refill(
  bucket: TokenBucket | undefined,
  { burst, refillMs }: Rate,
  nowMs: number,
): TokenBucket {
  if (bucket === undefined) return { tokens: burst, filledMs: nowMs };
  const refilled = Math.floor((nowMs - bucket.filledMs) / refillMs);
  return {
    tokens: Math.min(burst, bucket.tokens + refilled),
    filledMs: bucket.filledMs + refilled * refillMs,
  };
}
