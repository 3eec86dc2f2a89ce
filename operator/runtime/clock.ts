import { performance } from "node:perf_hooks";

/** A pending timeout; disposing of it cancels it (as `NodeJS.Timeout` does). */
export interface Timer {
  [Symbol.dispose](): void;
}

/** Time as a dependency, so that tests decide when it passes. */
export interface Clock {
  /** Wall clock, in ms since the epoch: only for what people or other machines read. */
  now(): number;
  /** Time that never jumps or goes back, in ms since an arbitrary start: for every deadline and duration. */
  monotonicMs(): number;
  /** Calls back after `delayMs`, or after 24 days if that is sooner. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The longest delay that Node's timers hold; a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** The machine's clocks. Linux keeps the monotonic one running while the process is stopped. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, longestDelayMs)),
  clearTimeout: (timer) => timer[Symbol.dispose](),
};

/** Waits `delayMs`, or less if the signal is aborted first: it resolves either way, the caller looks at the signal. */
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
