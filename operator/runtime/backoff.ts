/** The delays of an exponential backoff, before jitter: after the first failure, and the maximum. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The delay after a number of consecutive failures (1 = the first). It starts at baseMs and doubles with each failure,
 * up to maxMs. Jitter takes off up to half of the delay ("equal jitter", AWS Architecture Blog, 2015), so that clients
 * that failed at the same time don't retry at the same time.
 */
export const backoffMs = (backoff: Backoff, failures: number, random: () => number): number => {
  const ceilingMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** (failures - 1));
  return ceilingMs * (1 - random() / 2);
};
