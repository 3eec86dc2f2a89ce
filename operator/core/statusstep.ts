import type { DemoAppStatus } from "../api/schema.ts";
import { storedCursor } from "./cursor.ts";
import { type Revision, timestamp } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";
import { stepsOf } from "./strategies/strategy.ts";

/** True once the candidate's Deployment stores the present rollout. Before that, the step's times would be always now. */
export const isStepStored = ({ cursor, tracks, nowMs }: RolloutState): boolean =>
  cursor !== undefined && storedCursor(tracks.candidate.deployment, nowMs)?.rollout === cursor.rollout;

/** A rolling update has one step. A short rollout ends before the status has to tell its step. */
export function stepOf(
  { observed, progress, cursor, step }: RolloutState,
  { startedAt }: Revision,
): DemoAppStatus["step"] {
  const progressed = { best: progress.stored.best, progressAt: timestamp(progress.stored.atMs) };
  if (cursor === undefined || step === undefined)
    return { index: 1, total: 1, name: "RollingUpdate", startedAt, ...progressed };
  const { length: total } = stepsOf(observed.app.spec);
  return {
    index: Math.min(cursor.index + 1, total),
    total,
    name: step.name,
    startedAt: timestamp(cursor.startedMs),
    ...progressed,
  };
}

/** The columns of a rollout with steps. */
export function stepColumns(step: DemoAppStatus["step"], weight: DemoAppStatus["weight"]) {
  if (weight === undefined) return {};
  return { ...(step && { step: `${step.index}/${step.total}` }), weight: `${weight.actual}%` };
}
