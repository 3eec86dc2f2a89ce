import { annotations } from "../../api/names.ts";
import type { DemoAppSpec } from "../../api/schema.ts";
import type { Cursor } from "../cursor.ts";
import { canaryOf, mostOf } from "../defaults.ts";
import type { Revision, Tracks } from "../observed.ts";
import { isPromoted } from "../promote.ts";
import type { RolloutState } from "../rolloutstate.ts";
import { sizesFor } from "../weight.ts";
import type { Strategy } from "./strategy.ts";
import { verdictOn } from "./verdict.ts";

/** True if a rollout takes the steps of a canary, unless it is the first of its app. */
export const takesSteps = (spec: DemoAppSpec, { acceptedAt }: Revision): boolean =>
  spec.strategy.type === "Canary" && !(canaryOf(spec).fastRollback && acceptedAt !== undefined);

/** The share that a step wants: that of the last `setWeight` up to the step, in percent. */
export function weightAt(spec: DemoAppSpec, { index }: Cursor): number {
  const weights = canaryOf(spec)
    .steps.slice(0, index + 1)
    .flatMap(({ setWeight }) => setWeight ?? []);
  return weights.at(-1) ?? 0;
}

export const sizesAt = (spec: DemoAppSpec, cursor: Cursor): Tracks<number> =>
  sizesFor({ weight: weightAt(spec, cursor), replicas: spec.replicas, most: mostOf(spec) });

/**
 * True if the tracks have the sizes of the step, and the Service selects both. All pods of the candidate are available;
 * the stable track only may not have more pods than the step wants, because a bad stable revision blocks no candidate.
 */
export function isAtWeight({ candidate, tracks, sizes, progress, served }: RolloutState): boolean {
  const { stable, candidate: rolled } = tracks;
  return (
    rolled.deployedHash === candidate?.hash &&
    served === "both" &&
    !rolled.restarting &&
    !rolled.isRolling &&
    rolled.size === sizes.candidate &&
    rolled.pods.length === sizes.candidate &&
    progress.available >= sizes.candidate &&
    stable.size === sizes.stable &&
    stable.pods.length <= sizes.stable
  );
}

/** When the present step ends if nothing changes, ms since 1970; Infinity if a person or pods have to end it. */
export function stepEndsAtMs({ observed, cursor }: RolloutState): number {
  const pause = cursor && canaryOf(observed.app.spec).steps[cursor.index]?.pause;
  return pause?.seconds === undefined ? Infinity : (cursor?.startedMs ?? 0) + pause.seconds * 1000;
}

/** True if the present step of a rollout is done. */
function isStepDone(state: RolloutState, cursor: Cursor): boolean {
  const { pause } = canaryOf(state.observed.app.spec).steps[cursor.index] ?? {};
  if (pause === undefined || isPromoted(state.observed, cursor)) return true;
  return stepEndsAtMs(state) <= state.nowMs;
}

/** True if `demoapp.dev/paused` stops the next step. */
export const isHeld = ({ observed }: RolloutState): boolean =>
  observed.app.annotations[annotations.paused] === "true";

/** True if the candidate would go on to the next step, but for the annotation `demoapp.dev/paused`. */
export const isNextStepDue = (state: RolloutState): boolean =>
  state.cursor !== undefined &&
  state.observed.app.spec.replicas > 0 &&
  isAtWeight(state) &&
  isStepDone(state, state.cursor) &&
  verdictOn(state) === undefined;

/** The step of the candidate, one further if the present one is done. Each step is stored before the next one begins. */
export function advance(state: RolloutState): Cursor | undefined {
  const { cursor, observed, nowMs } = state;
  if (cursor === undefined || observed.app.spec.suspend) return cursor;
  const isLast = cursor.index >= canaryOf(observed.app.spec).steps.length;
  if (isLast || isHeld(state) || !isNextStepDue(state)) return cursor;
  return { ...cursor, index: cursor.index + 1, startedMs: nowMs };
}

/**
 * Canary: a second Deployment gets the candidate, and its share of the pods grows step by step. Accepted, the revision is
 * rolled out on the stable track as by a rolling update, while the candidate serves.
 */
export const canary: Strategy = {
  isDone: (state) => {
    const { cursor, observed } = state;
    const { steps } = canaryOf(observed.app.spec);
    return cursor !== undefined && cursor.index >= steps.length && isAtWeight(state);
  },

  goal: ({ stable, candidate, sizes }) =>
    stable &&
    candidate && {
      tracks: {
        stable: { revision: stable, size: sizes.stable },
        candidate: { revision: candidate, size: sizes.candidate },
      },
      traffic: "both",
    },
};
