import type { Clock } from "./clock.ts";
import { digestOf } from "./digest.ts";
import { type TokenBucket, refill } from "./tokenbucket.ts";

/** Repetitions of one write that are allowed: five in a row, then one a minute. */
const rate = { burst: 5, refillMs: 60_000 };
/** Maximum number of different writes of an object that are remembered. */
const maxContents = 16;

/**
 * Limits how often the same write to an object is repeated: if another writer reverts each one, the two must not go on as
 * fast as the API server permits. After five repetitions one a minute is allowed. Other writes to the object are counted
 * for themselves.
 */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Map<string, TokenBucket>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a write that has changed the object. */
  count(object: string, write: string): void {
    const content = digestOf(write);
    const buckets = this.#buckets.get(object) ?? new Map<string, TokenBucket>();
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
    return this.#refilled(this.#buckets.get(object)?.get(digestOf(content))).tokens > 0;
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

  #refilled(bucket: TokenBucket | undefined): TokenBucket {
    return refill(bucket, rate, this.#clock.monotonicMs());
  }
}
