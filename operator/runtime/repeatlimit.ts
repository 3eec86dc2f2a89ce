import type { Clock } from "./clock.ts";

/** The repetitions of one write that are still allowed. */
interface Bucket {
  readonly tokens: number;
  readonly filledMs: number;
}

/** Repetitions in a row that are not limited. */
const burst = 5;
/** Time after which one more repetition is allowed, ms. */
const refillMs = 60_000;
/** Maximum number of different writes of an object that are remembered. */
const maxContents = 16;

/**
 * Limits how often the same write to an object is repeated: if another writer reverts each one, the two must not go on as
 * fast as the API server permits. After five repetitions one a minute is allowed. Other writes to the object are counted
 * for themselves.
 */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Map<string, Bucket>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a write that has changed the object. */
  count(object: string, content: string): void {
    const buckets = this.#buckets.get(object) ?? new Map<string, Bucket>();
    const { tokens, filledMs } = this.#refilled(buckets.get(content));
    // The newest write comes last.
    buckets.delete(content);
    buckets.set(content, { tokens: Math.max(0, tokens - 1), filledMs });
    const [oldest] = buckets.size > maxContents ? buckets.keys() : [];
    if (oldest !== undefined) buckets.delete(oldest);
    this.#buckets.set(object, buckets);
  }

  /** True if the write may be made now. */
  isAllowed(object: string, content: string): boolean {
    return this.#refilled(this.#buckets.get(object)?.get(content)).tokens > 0;
  }

  /** True from the fourth equal write of a burst on, until the writes have paused for one to two minutes. */
  isContested(object: string): boolean {
    const buckets = [...(this.#buckets.get(object)?.values() ?? [])];
    return buckets.some((bucket) => this.#refilled(bucket).tokens <= 1);
  }

  /** Drops the record of an object. */
  forget(object: string): void {
    this.#buckets.delete(object);
  }

  #refilled(bucket: Bucket | undefined): Bucket {
    const nowMs = this.#clock.monotonicMs();
    if (bucket === undefined) return { tokens: burst, filledMs: nowMs };
    const refilled = Math.floor((nowMs - bucket.filledMs) / refillMs);
    return {
      tokens: Math.min(burst, bucket.tokens + refilled),
      filledMs: bucket.filledMs + refilled * refillMs,
    };
  }
}
