import { annotations } from "../api/names.ts";
import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import { verdictOf } from "./health.ts";
import { type ObservedApp, type Revision, timestamp } from "./observed.ts";
import { startOf } from "./revisions.ts";
import { type View, refusalOfPods, viewOf } from "./view.ts";

/** True if an act's annotation names this revision's rollout number; one left behind names an older one. */
export const isAsked = (o: ObservedApp, annotation: string, revision: Revision): boolean =>
  o.app.annotations[annotation] === String(revision.rollout);

/** True if a rollout of what the spec asks for has to start: it is new, retried, or an earlier version again. */
export function needsStart({ observed, wanted, lastGood }: View): boolean {
  if (wanted === undefined || wanted.outcome === "superseded") return true;
  if (wanted.outcome === "rejected") return isAsked(observed, annotations.retry, wanted);
  return wanted.outcome === "accepted" && wanted !== lastGood;
}

/** True if `demoapp.dev/paused` holds back the start of a rollout; a first install has nothing to wait beside. */
export const isPaused = ({ observed, lastGood }: View): boolean =>
  lastGood !== undefined && observed.app.annotations[annotations.paused] === "true";

/** Why the revision under way is not taken; undefined while there is nothing against it, or no way back. */
function rejectionOf(view: View, revision: Revision): ReasonMessage | undefined {
  const { observed, lastGood, progress, nowMs } = view;
  const { spec } = observed.app;
  if (lastGood === undefined) return undefined;
  if (isAsked(observed, annotations.abort, revision)) return reasonMessage("Aborted");
  if (!spec.rollback.automatic) return undefined;
  return verdictOf(observed.pods, {
    revision,
    progressAtMs: progress.atMs,
    deadlineMs: spec.progressDeadlineSeconds * 1000,
    minReadyMs: spec.minReadySeconds * 1000,
    nowMs,
    isRefused: refusalOfPods(observed.deployment) !== undefined,
  });
}

/** The revision that the spec asks for, moved on: started, accepted, rejected or as it was. */
function judge(view: View): Revision | undefined {
  const { observed, wanted, nowMs, complete } = view;
  const at = timestamp(nowMs);
  if (needsStart(view)) return isPaused(view) ? wanted : startOf(observed, at);
  if (wanted === undefined || wanted.outcome !== undefined) return wanted;
  const verdict = rejectionOf(view, wanted);
  if (verdict) return { ...wanted, outcome: "rejected", finishedAt: at, ...verdict };
  return complete ? { ...wanted, outcome: "accepted", finishedAt: at } : wanted;
}

/** Rollouts that were overtaken by another version before they were decided. */
const supersede = (revision: Revision, at: string): Revision =>
  revision.outcome === undefined ? { ...revision, outcome: "superseded", finishedAt: at } : revision;

/**
 * Makes the decisions that are due: which rollout starts, is accepted, rejected or superseded. They live in
 * the revisions; everything else (phase, objects, status) follows from the result.
 */
export function decide(observed: ObservedApp, nowMs: number): ObservedApp {
  const judged = judge(viewOf(observed, nowMs));
  const others = observed.revisions
    .filter((revision) => revision.hash !== judged?.hash)
    .map((revision) => supersede(revision, timestamp(nowMs)));
  return { ...observed, revisions: judged === undefined ? others : [...others, judged] };
}
