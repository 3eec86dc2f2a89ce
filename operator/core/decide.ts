import { annotations } from "../api/names.ts";
import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import { podRefusalOf } from "./deployment.ts";
import { verdictOf } from "./health.ts";
import { type ObservedApp, type Revision, timestamp } from "./observed.ts";
import { startRollout } from "./revisions.ts";
import { type View, viewOf } from "./view.ts";

/** True if a command annotation names this revision's rollout number; one left behind names an older rollout. */
export const isCommanded = (observed: ObservedApp, annotation: string, { rollout }: Revision): boolean =>
  observed.app.annotations[annotation] === String(rollout);

/**
 * True if a rollout of the requested revision has to start: the revision is new, was superseded, is retried by
 * command, or was accepted before the stable revision.
 */
export function needsRollout({ observed, requested, stable }: View): boolean {
  if (requested === undefined || requested.outcome === "superseded") return true;
  if (requested.outcome === "rejected") return isCommanded(observed, annotations.retry, requested);
  return requested.outcome === "accepted" && requested !== stable;
}

/** True if `demoapp.dev/paused` delays the next rollout. A first install is never delayed: no other version serves. */
export const isPaused = ({ observed, stable }: View): boolean =>
  stable !== undefined && observed.app.annotations[annotations.paused] === "true";

/** Why the candidate is rejected; undefined if nothing speaks against it, or there is no stable revision to restore. */
function rejectionOf(view: View, candidate: Revision): ReasonMessage | undefined {
  const { observed, stable, progress, nowMs } = view;
  const { spec } = observed.app;
  if (stable === undefined) return undefined;
  if (isCommanded(observed, annotations.abort, candidate)) return reasonMessage("Aborted");
  if (!spec.rollback.automatic) return undefined;
  return verdictOf(observed.pods, {
    revision: candidate,
    progressAtMs: progress.atMs,
    deadlineMs: spec.progressDeadlineSeconds * 1000,
    minReadyMs: spec.minReadySeconds * 1000,
    nowMs,
    isRefused: podRefusalOf(observed.deployment) !== undefined,
  });
}

/** The requested revision after the decision that is due: started, accepted, rejected or unchanged. */
function decideRequested(view: View): Revision | undefined {
  const { observed, requested, nowMs, complete } = view;
  const now = timestamp(nowMs);
  if (needsRollout(view)) return isPaused(view) ? requested : startRollout(observed, now);
  if (requested === undefined || requested.outcome !== undefined) return requested;
  const rejection = rejectionOf(view, requested);
  if (rejection) return { ...requested, outcome: "rejected", finishedAt: now, ...rejection };
  return complete ? { ...requested, outcome: "accepted", finishedAt: now } : requested;
}

/** Ends the rollout of a revision that is no longer requested and has no outcome yet. */
const supersede = (revision: Revision, now: string): Revision =>
  revision.outcome === undefined ? { ...revision, outcome: "superseded", finishedAt: now } : revision;

/**
 * Makes the decisions that are due: which rollout starts, is accepted, rejected or superseded. The returned
 * revisions store the decisions; phase, objects and status follow from these revisions.
 */
export function decide(observed: ObservedApp, nowMs: number): ObservedApp {
  const decided = decideRequested(viewOf(observed, nowMs));
  const others = observed.revisions
    .filter((revision) => revision.hash !== decided?.hash)
    .map((revision) => supersede(revision, timestamp(nowMs)));
  return { ...observed, revisions: decided === undefined ? others : [...others, decided] };
}
