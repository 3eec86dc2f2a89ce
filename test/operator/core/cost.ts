/**
 * The least CPU time that some runs took in this thread, ms. Other processes and threads of the machine don't count.
 * Each run gets a new input, for which nothing is cached.
 */
export function bestMs<T>(run: (input: T) => unknown, prepare: () => T): number {
  const times = Array.from({ length: 7 }, () => {
    const input = prepare();
    const before = process.threadCpuUsage();
    run(input);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
