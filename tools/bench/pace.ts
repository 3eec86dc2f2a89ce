/** Runs `work` for each index below `count`, at most `atOnce` at a time, as fast as it goes. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Starts `work` for each index below `count` at a steady rate, whether or not earlier ones have ended. */
export async function atRate<T>(
  count: number,
  perSecond: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const startMs = performance.now();
  const started: Promise<T>[] = [];
  for (let index = 0; index < count; index += 1) {
    // From the start and not from the one before, so that a late timer doesn't lower the rate.
    await delay(startMs + (index * 1000) / perSecond - performance.now());
    started.push(work(index));
  }
  return Promise.all(started);
}

/** Resolves after `ms`, at once if it is not positive. */
export const delay = (ms: number): Promise<void> =>
  ms <= 0
    ? Promise.resolve()
    : new Promise((resolve) => {
        setTimeout(resolve, ms);
      });

/** The value that a share of all values does not exceed (nearest rank); `share` is in (0, 1]. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? NaN;
}
