import { annotations } from "../api/names.ts";
import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import { storedCursor, stepsHashOf } from "./cursor.ts";
import { type App, type Revision, timestamp } from "./observed.ts";
import { isPromoted } from "./promote.ts";
import { rolloutNumber, startRollout } from "./revisions.ts";
import { type RolloutState, rolloutStateOf } from "./rolloutstate.ts";
import { isPassed } from "./steps.ts";
import { verdictOn } from "./strategies/verdict.ts";

/** The state of a rollout after the decisions that are due. */
export interface Decision extends RolloutState {
  /** The revisions whose rollout this decision starts or ends. */
  readonly changed: readonly Revision[];
  /** What speaks against the candidate, if `rollback.automatic` is false: a person decides. */
  readonly verdict: ReasonMessage | undefined;
}

/** True if a command annotation names this revision's rollout number; one left behind names an older rollout. */
export const isCommanded = (app: App, annotation: string, { rollout }: Revision): boolean =>
  rolloutNumber(app.annotations[annotation]) === rollout;

/** True if the steps of the candidate's rollout were edited in the course of it. */
function areStepsEdited({ observed, cursor, tracks, nowMs }: RolloutState): boolean {
  const stored = storedCursor(tracks.candidate.deployment, nowMs);
  return (
    stored !== undefined &&
    stored.rollout === cursor?.rollout &&
    stored.stepsHash !== stepsHashOf(observed.app.spec)
  );
}

/**
 * True if a rollout of the requested revision has to start: the revision is new, was superseded, is retried by
 * command, was accepted before the stable revision, or its steps were edited.
 */
function needsRollout(state: RolloutState): boolean {
  const { observed, requested, candidate, stable } = state;
  if (requested === undefined || requested.outcome === "superseded") return true;
  if (requested === candidate) return areStepsEdited(state);
  if (requested.outcome === "rejected") return isCommanded(observed.app, annotations.retry, requested);
  return requested.outcome === "accepted" && requested !== stable;
}

/**
 * True if `demoapp.dev/paused` delays the rollout of the requested revision. A first install is never delayed: no
 * other version serves.
 */
export const isDelayed = (state: RolloutState): boolean =>
  needsRollout(state) &&
  state.stable !== undefined &&
  state.observed.app.annotations[annotations.paused] === "true";

/** True while the stable track is brought to an accepted revision, and the candidate's Deployment serves it. */
export const isPromoting = ({ candidate, stable, tracks, complete }: RolloutState): boolean =>
  candidate === undefined &&
  stable !== undefined &&
  !complete &&
  tracks.candidate.deployment !== undefined &&
  tracks.candidate.deployedHash === stable.hash;

/** True if a new rollout waits for the end of the one before, whose pods serve. Not beyond the deadline. */
export const isQueued = (state: RolloutState): boolean =>
  needsRollout(state) && isPromoting(state) && state.nowMs < state.deadlineAtMs;

/** Why the candidate is rejected. */
function rejectionOf(state: RolloutState, candidate: Revision, verdict: ReasonMessage | undefined) {
  const { observed, stable } = state;
  if (stable === undefined) return undefined;
  if (isCommanded(observed.app, annotations.abort, candidate)) return reasonMessage("Aborted");
  return observed.app.spec.rollback.automatic ? verdict : undefined;
}

/** The candidate with the outcome of its rollout, if it is decided. */
function judged(state: RolloutState, candidate: Revision, verdict: ReasonMessage | undefined): Revision {
  const finishedAt = timestamp(state.nowMs);
  const rejection = rejectionOf(state, candidate, verdict);
  if (rejection)
    return { ...candidate, outcome: "rejected", finishedAt, acceptedAt: undefined, ...rejection };
  if (verdict !== undefined || !isPassed(state)) return candidate;
  const { cursor, settings, conclusion } = state;
  const isUnproven = settings !== undefined && conclusion?.verdict !== "Passed";
  const isPromotedLast =
    cursor !== undefined && isPromoted(state.observed, { ...cursor, index: cursor.index - 1 });
  const reason = isUnproven && isPromotedLast ? "PromotedUndecided" : undefined;
  return { ...candidate, outcome: "accepted", finishedAt, acceptedAt: finishedAt, reason };
}

/** The state without any decision: decisions are not allowed now, or could not be stored. */
export const undecided = (state: RolloutState): Decision => ({ ...state, changed: [], verdict: undefined });

/**
 * Makes the decisions that are due: which rollout starts, is accepted, rejected or superseded. The returned revisions
 * store the decisions; phase, objects and status follow from these revisions. While a pause delays the requested
 * revision, the running rollout goes on and is judged.
 */
export function decide(state: RolloutState): Decision {
  const { observed, requested, candidate, nowMs } = state;
  const isWaiting = isDelayed(state);
  const isStarted = needsRollout(state) && !isWaiting && !isQueued(state);
  const started = isStarted ? startRollout(state) : undefined;
  const verdict = verdictOn(state);
  const end = (revision: Revision): Revision => {
    if (revision.outcome !== undefined) return revision;
    if (revision === candidate && (revision === requested || isWaiting))
      return judged(state, revision, verdict);
    return { ...revision, outcome: "superseded", finishedAt: timestamp(nowMs) };
  };
  const others = state.revisions.filter(({ hash }) => hash !== started?.hash).map(end);
  const revisions = started === undefined ? others : [...others, started];
  const changed = revisions.filter((revision) => !state.revisions.includes(revision));
  const decided = changed.length === 0 ? state : rolloutStateOf(state, revisions);
  const isUndecided = decided.candidate === candidate && !observed.app.spec.rollback.automatic;
  return { ...decided, changed, verdict: isUndecided ? verdict : undefined };
}
