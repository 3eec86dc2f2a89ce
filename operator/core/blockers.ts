import { annotations, labels, revisionName } from "../api/names.ts";
import { reasonMessage } from "../api/reasons.ts";
import { maxHistory } from "../api/schema/spec.ts";
import { type BlockerDraft, annotate, blockerDraft, kubectl } from "./blockerdraft.ts";
import { commandBlockers, waitBlockers } from "./commandblockers.ts";
import { availableAtMs } from "./health.ts";
import { timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { type Situation, deadlineProblem } from "./phase.ts";
import { podBlocker } from "./podblockers.ts";
import { podRefusalBlockers } from "./podrefusals.ts";

/** A bad version that a person has to reject, because `rollback.automatic` is false. */
function verdictBlockers({ observed: { app }, candidate, verdict }: Situation): readonly BlockerDraft[] {
  if (candidate === undefined || verdict === undefined) return [];
  const { rollout, image } = candidate;
  const abort = annotate(app, annotations.abort, String(rollout));
  const problem = reasonMessage("RollbackNeeded", {
    rollout: `${rollout} of ${image}`,
    why: verdict.message,
    quote: verdict.quote,
  });
  return [blockerDraft(`DemoApp/${app.name}`, problem, `Change spec.image in Git, or roll back: ${abort}`)];
}

/** What a person can do so that requests are counted. */
const remediesOf = (app: Situation["observed"]["app"]): Record<"NoTraffic" | "NoMetrics", string> => ({
  NoTraffic: `Send requests to Service/${app.name}, or promote the rollout without evidence.`,
  NoMetrics:
    "Correct spec.analysis.endpoint or the app's counters, or let the operator reach the port of the pods (NetworkPolicy).",
});

/** Why the candidate's requests can't be counted. */
function analysisBlockers({ observed: { app }, reported }: Situation): readonly BlockerDraft[] {
  if (reported?.problem === undefined) return [];
  const { reason, message: problem } = reported.problem;
  return [blockerDraft(`DemoApp/${app.name}`, reasonMessage(reason, { problem }), remediesOf(app)[reason])];
}

/** Objects that look like revisions of the app and are not believed. */
function ignoredRevisionBlockers({
  observed: { app, ignoredRevisions },
}: Situation): readonly BlockerDraft[] {
  return ignoredRevisions.flatMap(({ live, why }) => {
    if (ownershipOf(app, live) === "terminating") return [];
    const { name } = live.metadata;
    const object = `ControllerRevision/${name}`;
    const next = `Delete the object: ${kubectl(app, `delete controllerrevision ${name}`)}`;
    return [blockerDraft(object, reasonMessage("RevisionIgnored", { object, why }), next)];
  });
}

/** A history that only an older schema allowed. */
function historyBlockers({ observed: { app } }: Situation): readonly BlockerDraft[] {
  const { revisionHistoryLimit: given } = app.spec;
  if (given <= maxHistory) return [];
  const problem = reasonMessage("HistoryLimited", { given, most: maxHistory });
  const next = `Set spec.revisionHistoryLimit to ${maxHistory} or less.`;
  return [blockerDraft(`DemoApp/${app.name}`, problem, next)];
}

function scalerBlockers({ observed: { app, scalers } }: Situation): readonly BlockerDraft[] {
  const target = `apiVersion demoapp.dev/v1, kind DemoApp, name ${app.name}`;
  return scalers.map((scaler) =>
    blockerDraft(
      `HorizontalPodAutoscaler/${scaler}`,
      reasonMessage("ScalerOnDeployment", { scaler }),
      `Point the autoscaler's scaleTargetRef at the DemoApp: ${target}.`,
    ),
  );
}

/** What makes a retry of a rejected version worthwhile, by the reason of the rejection. */
const remedies: ReadonlyMap<string, string> = new Map([
  [
    "NotReadyByDeadline",
    "Raise spec.progressDeadlineSeconds above the time that the version needs to become ready, then retry",
  ],
  ["ImageNotFound", "Push the image, then retry"],
]);

function rejectionBlockers({ requested, observed: { app } }: Situation): readonly BlockerDraft[] {
  if (requested?.outcome !== "rejected") return [];
  const { rollout, image, hash, reason = "", quote } = requested;
  const why = requested.message ?? reason;
  const retry = annotate(app, annotations.retry, String(rollout));
  const remedy = remedies.get(reason);
  const next =
    remedy === undefined
      ? `Change spec.image in Git (git revert restores the version that serves), or retry this version: ${retry}`
      : `${remedy}: ${retry}; or change spec.image in Git (git revert restores the version that serves).`;
  const object = `ControllerRevision/${revisionName(app.name, hash)}`;
  return [blockerDraft(object, reasonMessage("RevisionRejected", { rollout, image, why, quote }), next)];
}

/** A missed progress deadline blocks the app whatever the cause, and says where to look for the cause. */
function deadlineBlockers(situation: Situation): readonly BlockerDraft[] {
  const { app } = situation.observed;
  const problem = deadlineProblem(situation);
  if (problem === undefined || app.spec.suspend) return [];
  const describe = kubectl(app, `describe deployment,pods -l ${labels.name}=${app.name}`);
  const next = `Find the cause in the conditions and events: ${describe}`;
  return [blockerDraft(`DemoApp/${app.name}`, problem, next)];
}

/** Why pods are not available. Once all pods of the app are, a pod in the cache that is not is on its way out. */
function podBlockers({ observed, nowMs, complete }: Situation): readonly BlockerDraft[] {
  if (complete) return [];
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  return observed.pods
    .filter((pod) => !pod.deleting && availableAtMs(pod, minReadyMs) > nowMs)
    .flatMap((pod) => podBlocker(observed, pod) ?? []);
}

const maxBlockers = 20;

/** A blocker whose message is not yet joined with its quote: events and `status.message` have only the message. */
export interface DatedBlocker extends BlockerDraft {
  readonly since: string;
}

/** Everything that blocks an app, and what a person can do. One blocker per reason: the first object that shows it. */
export function blockersOf(situation: Situation): readonly DatedBlocker[] {
  const all = [
    ...situation.writeBlockers,
    ...waitBlockers(situation),
    ...verdictBlockers(situation),
    ...rejectionBlockers(situation),
    ...podRefusalBlockers(situation),
    ...analysisBlockers(situation),
    ...podBlockers(situation),
    ...deadlineBlockers(situation),
    ...commandBlockers(situation),
    ...ignoredRevisionBlockers(situation),
    ...scalerBlockers(situation),
    ...historyBlockers(situation),
  ];
  const first = new Map(all.toReversed().map((blocker) => [blocker.reason, blocker]));
  const before = situation.observed.app.status?.blockers ?? [];
  return all
    .filter((blocker) => first.get(blocker.reason) === blocker)
    .slice(0, maxBlockers)
    .map(({ object, reason, message, quote, next }) => {
      const since = before.find((other) => other.reason === reason)?.since ?? timestamp(situation.nowMs);
      return { object, reason, message, quote, since, next };
    });
}
