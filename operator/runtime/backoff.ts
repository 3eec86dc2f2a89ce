/** Limits of an exponential backoff. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The delay after the given number of failures in a row (1 = the first): baseMs doubled per further failure, at
 * most maxMs, of which a random half is taken off ("equal jitter", AWS Architecture Blog, 2015), so that clients
 * which failed together don't come back together.
 */
export const backoffMs = (backoff: Backoff, failures: number, random: () => number): number => {
  const ceilingMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** (failures - 1));
  return ceilingMs * (1 - random() / 2);
};
