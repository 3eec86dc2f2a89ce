import type { DemoAppStatus } from "../api/schema.ts";
import { storedCursor } from "./cursor.ts";
import { canaryOf } from "./defaults.ts";
import { type Revision, timestamp } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";

/** True once the candidate's Deployment stores the present rollout. Before that, the step's times would be always now. */
export const isStepStored = ({ cursor, tracks, nowMs }: RolloutState): boolean =>
  cursor !== undefined && storedCursor(tracks.candidate.deployment, nowMs)?.rollout === cursor.rollout;

type CanaryStep = Partial<ReturnType<typeof canaryOf>["steps"][number]>;

/** "setWeight 10", "pause 60 s" or "pause"; "done" after the last step. */
function stepName({ setWeight, pause }: CanaryStep = {}): string {
  if (setWeight !== undefined) return `setWeight ${setWeight}`;
  if (pause === undefined) return "done";
  return pause.seconds === undefined ? "pause" : `pause ${pause.seconds} s`;
}

/** A rolling update has one step. A short rollout ends before the status has to tell its step. */
export function stepOf(
  { observed, progress, cursor }: RolloutState,
  { startedAt }: Revision,
): DemoAppStatus["step"] {
  const progressed = { best: progress.stored.best, progressAt: timestamp(progress.stored.atMs) };
  if (cursor === undefined) return { index: 1, total: 1, name: "RollingUpdate", startedAt, ...progressed };
  const { steps } = canaryOf(observed.app.spec);
  return {
    index: Math.min(cursor.index + 1, steps.length),
    total: steps.length,
    name: stepName(steps[cursor.index]),
    startedAt: timestamp(cursor.startedMs),
    ...progressed,
  };
}

/** The columns of a canary. */
export function canaryColumns(step: DemoAppStatus["step"], weight: DemoAppStatus["weight"]) {
  if (weight === undefined) return {};
  return { ...(step && { step: `${step.index}/${step.total}` }), weight: `${weight.actual}%` };
}
