import type { Clock } from "./clock.ts";

/** A reflector without activity for this long is stuck: every wait of its loop is shorter. */
const stuckMs = 300_000;
/** A reconcile that has run for this long hangs: each of its requests ends within minutes. */
const hangingMs = 1_800_000;

/** Why a watch is not live, by the monotonic time of its last activity; undefined if it is. */
export const stuckReason = (lastActiveMs: number, clock: Clock): string | undefined => {
  const inactiveMs = clock.monotonicMs() - lastActiveMs;
  return inactiveMs < stuckMs ? undefined : `no activity for ${Math.round(inactiveMs / 1000)} s`;
};

/** Why the reconciles are not live, by the time that the longest one has run; undefined if they are. */
export const hangingReason = (longestMs: number): string | undefined =>
  longestMs < hangingMs ? undefined : `a reconcile has run for ${Math.round(longestMs / 60_000)} minutes`;
