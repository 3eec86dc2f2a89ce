import { type Clock, realClock } from "../../operator/runtime/clock.ts";

/** The machine's clock, running `factor` times as fast: what takes a minute is seen in seconds. */
export function fastClock(factor: number): Clock {
  const startMs = realClock.now();
  const monotonicMs = (): number => realClock.monotonicMs() * factor;
  const startedMs = monotonicMs();
  return {
    now: () => startMs + monotonicMs() - startedMs,
    monotonicMs,
    setTimeout: (callback, delayMs) => realClock.setTimeout(callback, delayMs / factor),
    clearTimeout: (timer) => realClock.clearTimeout(timer),
  };
}
