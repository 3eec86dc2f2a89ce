/** The shortest of some runs, ms: the one that other processes of the machine disturbed least. */
export function bestMs(run: () => unknown, runs = 5): number {
  const times = Array.from({ length: runs }, () => {
    const startMs = performance.now();
    run();
    return performance.now() - startMs;
  });
  return Math.min(...times);
}
