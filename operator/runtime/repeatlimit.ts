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

  /** Counts a write that has changed the object. */
  count(object: string, content: string): void {
    const known = this.#refilled(object);
    const bucket =
      known?.content === content ? known : { content, tokens: burst, filledMs: this.#clock.monotonicMs() };
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    this.#buckets.set(object, bucket);
  }

  /** True if the write may be made now. */
  isAllowed(object: string, content: string): boolean {
    const bucket = this.#refilled(object);
    return bucket === undefined || bucket.content !== content || bucket.tokens > 0;
  }

  /** True from the fourth equal write of a burst on, until the writes have paused for one to two minutes. */
  isContested(object: string): boolean {
    return (this.#refilled(object)?.tokens ?? burst) <= 1;
  }

  /** Drops the record of an object. */
  forget(object: string): void {
    this.#buckets.delete(object);
  }

  #refilled(object: string): Bucket | undefined {
    const bucket = this.#buckets.get(object);
    if (bucket === undefined) return undefined;
    const refilled = Math.floor((this.#clock.monotonicMs() - bucket.filledMs) / refillMs);
    bucket.tokens = Math.min(burst, bucket.tokens + refilled);
    bucket.filledMs += refilled * refillMs;
    return bucket;
  }
}
