import { annotations } from "../api/names.ts";
import type { Cursor } from "./cursor.ts";
import { isPromoted } from "./promote.ts";
import type { RolloutState } from "./rolloutstate.ts";
import { stepsOf } from "./strategies/strategy.ts";
import { verdictOn } from "./strategies/verdict.ts";

/**
 * True if the tracks have the sizes of the step, and the Service selects the step's pods. All pods of the candidate are
 * available; the stable track only may not have more pods than the step wants, because a bad stable revision blocks no
 * candidate.
 */
export function isAtStep({ candidate, tracks, step, progress, served }: RolloutState): boolean {
  const { stable, candidate: rolled } = tracks;
  return (
    step !== undefined &&
    rolled.deployedHash === candidate?.hash &&
    served === step.traffic &&
    !rolled.restarting &&
    !rolled.isRolling &&
    rolled.size === step.sizes.candidate &&
    rolled.pods.length === step.sizes.candidate &&
    progress.available >= step.sizes.candidate &&
    stable.size === step.sizes.stable &&
    stable.pods.length <= step.sizes.stable
  );
}

/** When the present step ends if nothing changes, ms since 1970; Infinity if a person or pods have to end it. */
export function stepEndsAtMs({ step, cursor }: RolloutState): number {
  const seconds = step?.pause?.seconds;
  return cursor === undefined || seconds === undefined ? Infinity : cursor.startedMs + seconds * 1000;
}

/** True if the pause of the present step is over, or it has none. */
const isPauseOver = (state: RolloutState): boolean =>
  state.step?.pause === undefined || stepEndsAtMs(state) <= state.nowMs;

/** True if the present step of a rollout is done, but for its pods. */
function isWaitOver(state: RolloutState, cursor: Cursor): boolean {
  if (isPromoted(state.observed, cursor)) return true;
  return isPauseOver(state) && (state.step?.needsEvidence !== true || state.conclusion?.verdict === "Passed");
}

/** True if only the evidence keeps the candidate from its next step. */
export const waitsForEvidence = (state: RolloutState): boolean =>
  state.cursor !== undefined &&
  state.observed.app.spec.replicas > 0 &&
  isAtStep(state) &&
  isPauseOver(state) &&
  !isWaitOver(state, state.cursor);

/** When a person is asked about the step because the evidence is not enough, ms since 1970; Infinity without evidence. */
export function undecidedAtMs({ cursor, step, settings }: RolloutState): number {
  if (cursor === undefined || settings === undefined || step?.needsEvidence !== true) return Infinity;
  return cursor.startedMs + settings.undecidedSeconds * 1000;
}

/** True if `demoapp.dev/paused` stops the next step. */
export const isHeld = ({ observed }: RolloutState): boolean =>
  observed.app.annotations[annotations.paused] === "true";

/** True if the candidate would go on to the next step, but for the annotation `demoapp.dev/paused`. */
export const isNextStepDue = (state: RolloutState): boolean =>
  state.cursor !== undefined &&
  state.observed.app.spec.replicas > 0 &&
  isAtStep(state) &&
  isWaitOver(state, state.cursor) &&
  verdictOn(state) === undefined;

/** The step of the candidate, one further if the present one is done. Each step is stored before the next one begins. */
export function advance(state: RolloutState): Cursor | undefined {
  const { cursor, observed, nowMs } = state;
  if (cursor === undefined || observed.app.spec.suspend) return cursor;
  const isLast = cursor.index >= stepsOf(observed.app.spec).length;
  if (isLast || isHeld(state) || !isNextStepDue(state)) return cursor;
  return { ...cursor, index: cursor.index + 1, startedMs: nowMs };
}

/** True if the candidate has passed the last step of its rollout. */
export function isPassed(state: RolloutState): boolean {
  const { cursor, complete, observed } = state;
  if (cursor !== undefined) return cursor.index >= stepsOf(observed.app.spec).length && isAtStep(state);
  // Without pods nothing is proven: the outcome stays open until pods run.
  return complete && observed.app.spec.replicas > 0;
}
