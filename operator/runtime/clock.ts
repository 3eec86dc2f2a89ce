import { performance } from "node:perf_hooks";

/** A pending timeout. Disposing the timer cancels the timeout, as with `NodeJS.Timeout`. */
export interface Timer {
  [Symbol.dispose](): void;
}

/** The source of time, injected so that tests control time. */
export interface Clock {
  /** Wall clock time in ms since 1970, for timestamps that people or other machines read. */
  now(): number;
  /** Monotonic time in ms since an arbitrary start, for deadlines and durations. */
  monotonicMs(): number;
  /** Calls `callback` after `delayMs`, but at most after 24 days. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The longest delay that Node's timers support; a timer with a longer delay fires at once. */
const longestDelayMs = 2 ** 31 - 1;

/** The machine's clocks. On Linux, the monotonic clock also runs while the process is stopped (SIGSTOP). */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, longestDelayMs)),
  clearTimeout: (timer) => timer[Symbol.dispose](),
};

/** Resolves after `delayMs`, or when the signal is aborted. Never rejects: callers check the signal. */
export const sleep = (clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, delayMs);
    signal?.addEventListener("abort", finish, { once: true });
  });

/** Resolves with true if the work ends within the time. */
export const endsWithin = async (clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> => {
  const timer = new AbortController();
  const ended = await Promise.race([
    work.then(() => true),
    sleep(clock, limitMs, timer.signal).then(() => false),
  ]);
  timer.abort();
  return ended;
};
