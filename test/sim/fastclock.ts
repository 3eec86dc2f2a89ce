import { performance } from "node:perf_hooks";
import { type Clock, realClock } from "../../operator/runtime/clock.ts";

export interface FastClockOptions {
  readonly speed: number;
  /** Where the clock starts, in real ms since 1970. Clocks of all processes with the same options agree. */
  readonly startMs: number;
}

/** The real clock, from the start on `speed` times as fast. */
export function fastClock({ speed, startMs }: FastClockOptions): Clock {
  // A copy, because a process can replace its real clock by this one.
  const real = { ...realClock };
  return {
    now: () => startMs + (performance.timeOrigin + real.monotonicMs() - startMs) * speed,
    monotonicMs: () => real.monotonicMs() * speed,
    setTimeout: (callback, delayMs) => real.setTimeout(callback, delayMs / speed),
    clearTimeout: (timer) => real.clearTimeout(timer),
  };
}
