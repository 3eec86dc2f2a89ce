import { setTimeout as delay } from "node:timers/promises";

/** Runs `work` for each index below `count`, `atOnce` at a time. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const indexes = Array(count).keys();
  const worker = async (): Promise<void> => {
    for (const index of indexes) await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Starts `work` for each index below `count` at a steady rate, without waiting for earlier calls. */
export async function atRate<T>(
  count: number,
  perSecond: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const startMs = performance.now();
  const started: Promise<T>[] = [];
  for (let index = 0; index < count; index += 1) {
    // Relative to the start, so that a late timer does not lower the rate.
    await delay(Math.max(0, startMs + (index * 1000) / perSecond - performance.now()));
    started.push(work(index));
  }
  return Promise.all(started);
}

/** The nearest-rank percentile; `share` is in (0, 1]. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? NaN;
}
