import { drainedAtMs } from "./drain.ts";
import { millis } from "./observed.ts";
import type { Situation } from "./phase.ts";
import { falseSinceMs, longAtMs } from "./rolloutstate.ts";
import { stepEndsAtMs, undecidedAtMs } from "./steps.ts";

const minPollMs = 5_000;
const maxPollMs = 60_000;

/** Requeue time for state without a watch (failed mounts, foreign objects): backs off from 5 to 60 s. */
function nextPollAtMs(situation: Situation): number {
  const { nowMs } = situation;
  const unreadyMs = nowMs - falseSinceMs(situation, "Ready");
  return nowMs + Math.min(maxPollMs, Math.max(minPollMs, unreadyMs / 2));
}

/** When an app is reconciled without a change, ms since 1970; undefined if only a change matters. */
export function requeueAtMs(situation: Situation): number | undefined {
  const { nowMs, observed, candidate, progress, complete, deadlineAtMs, restartDueAtMs, writeBlockers } =
    situation;
  // Only the status follows the pods of a suspended app.
  if (observed.app.spec.suspend) return complete ? undefined : nextPollAtMs(situation);
  const deadlineMs = observed.app.spec.progressDeadlineSeconds * 1000;
  const podDeadlines = observed.pods.flatMap(({ containers }) =>
    containers.map(({ runningSince }) => millis(runningSince) + deadlineMs),
  );
  const times = complete
    ? [restartDueAtMs]
    : [
        restartDueAtMs,
        deadlineAtMs,
        progress.dueAtMs,
        stepEndsAtMs(situation),
        undecidedAtMs(situation),
        drainedAtMs(situation),
        ...podDeadlines,
        nextPollAtMs(situation),
      ];
  const next = Math.min(
    Infinity,
    ...[...times, candidate ? longAtMs(candidate) : Infinity].filter((ms) => ms > nowMs),
    ...(writeBlockers.length > 0 ? [nextPollAtMs(situation)] : []),
  );
  return next === Infinity ? undefined : next;
}
