import type { Clock } from "./clock.ts";

interface Bucket {
  /** What was written. */
  readonly content: string;
  tokens: number;
  filledMs: number;
}

/** Repetitions in a row that are not limited. */
const burst = 5;
/** Time after which one more repetition is allowed, ms. */
const refillMs = 60_000;

/**
 * Limits how often the same write to an object is repeated: if another writer reverts each one, the two must not go on as
 * fast as the API server permits. After five repetitions one a minute is allowed. A write with other content starts anew.
 */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one write. `isAllowed`: it may be made now. `isContested`: the burst before it is used up. */
  take(object: string, content: string): { readonly isAllowed: boolean; readonly isContested: boolean } {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#buckets.get(object);
    const bucket = known?.content === content ? known : { content, tokens: burst, filledMs: nowMs };
    const refilled = Math.floor((nowMs - bucket.filledMs) / refillMs);
    bucket.tokens = Math.min(burst, bucket.tokens + refilled);
    bucket.filledMs += refilled * refillMs;
    this.#buckets.set(object, bucket);
    const isAllowed = bucket.tokens > 0;
    // With a single token left, the bucket was empty within the last minutes, or this is the last write of the burst.
    const isContested = bucket.tokens <= 1;
    if (isAllowed) bucket.tokens -= 1;
    return { isAllowed, isContested };
  }

  /** Drops the record of an object. */
  forget(object: string): void {
    this.#buckets.delete(object);
  }
}
