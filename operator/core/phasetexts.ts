import { type ReasonMessage, reasonMessage, shortImage } from "../api/reasons.ts";
import { timestamp } from "./observed.ts";
import { isPromoted } from "./promote.ts";
import type { RolloutState } from "./rolloutstate.ts";
import { isAtStep, isHeld, isNextStepDue, stepEndsAtMs, undecidedAtMs, waitsForEvidence } from "./steps.ts";
import { stepsOf } from "./strategies/strategy.ts";

/** The share of the Service's pods that a step wants for the candidate, and the present one, in percent. */
export function weightOf({ step, candidate, tracks, served }: RolloutState) {
  if (step === undefined) return undefined;
  const pods = [...tracks.stable.pods, ...tracks.candidate.pods];
  const ready = pods.filter((pod) => pod.ready && (served === "both" || served === pod.track));
  // The candidate's Deployment can still have pods of another version, which leaves.
  const own = ready.filter((pod) => pod.track === "candidate" && pod.hash === candidate?.hash);
  const actual = ready.length === 0 ? 0 : Math.round((own.length * 100) / ready.length);
  return { desired: step.weight, actual };
}

/** Where a rollout stands in its steps, for messages; undefined if it takes none. */
export function stepTexts(state: RolloutState) {
  const { observed, candidate, stable, cursor, progress, sizes, tracks } = state;
  const weight = weightOf(state);
  if (candidate === undefined || stable === undefined || cursor === undefined || weight === undefined)
    return undefined;
  const steps = stepsOf(observed.app.spec);
  return {
    rollout: `${candidate.rollout} of ${shortImage(candidate.image)}`,
    step: `${Math.min(cursor.index + 1, steps.length)} of ${steps.length}`,
    weight,
    ready: `${progress.available} of ${sizes.candidate}`,
    stable: { available: tracks.stable.available, image: stable.image },
  };
}

/** The numbers that the evidence consists of, and what is missing. */
export const evidenceText = ({ conclusion, reported }: RolloutState): string =>
  reported?.problem?.message ?? conclusion?.message ?? "no request was counted yet";

/** Why a rollout waits in a step although all its pods are available: for a time, for a person, or for the end of a pause. */
export function waitOf(state: RolloutState): ReasonMessage | undefined {
  const texts = stepTexts(state);
  const { observed, cursor, candidate } = state;
  if (texts === undefined || cursor === undefined || candidate === undefined) return undefined;
  if (observed.app.spec.replicas === 0 || !isAtStep(state)) return undefined;
  const promotion = isPromoted(observed, cursor) ? ", and so is its promotion" : "";
  if (isHeld(state) && isNextStepDue(state)) return reasonMessage("StepHeld", { ...texts, promotion });
  if (waitsForEvidence(state)) {
    const seconds = (undecidedAtMs(state) - cursor.startedMs) / 1000;
    const evidence = evidenceText(state);
    return state.nowMs < undecidedAtMs(state)
      ? undefined
      : reasonMessage("StepUndecided", { ...texts, evidence, seconds });
  }
  const pause = state.step?.pause;
  if (pause === undefined) return undefined;
  return pause.seconds === undefined
    ? reasonMessage("StepWaits", texts)
    : reasonMessage("StepPaused", { ...texts, until: timestamp(stepEndsAtMs(state)) });
}
