import { annotations, labels, revisionName } from "../api/names.ts";
import { reasonMessage } from "../api/reasons.ts";
import type { Blocker } from "../api/schema.ts";
import { isTime } from "../api/schema/spec.ts";
import { type BlockerDraft, blockerDraft, kubectl } from "./blockerdraft.ts";
import { isCommanded } from "./decide.ts";
import { podRefusalOf } from "./deployment.ts";
import { availableAtMs } from "./health.ts";
import { truncate } from "./manifest.ts";
import { timestamp } from "./observed.ts";
import { deadlinePassed } from "./phase.ts";
import { podBlocker } from "./podblockers.ts";
import { quotaMessage } from "./refusals.ts";
import type { View } from "./view.ts";

interface PodRefusalRule {
  readonly reason:
    "QuotaExceeded" | "LimitRangeExceeded" | "PodSecurityRefused" | "ServiceAccountMissing" | "PodsRefused";
  readonly pattern: RegExp;
  readonly next: string;
}

/** Why the API server refuses new pods, and what a person can do; the first match wins. */
const podRefusalRules: readonly PodRefusalRule[] = [
  {
    reason: "QuotaExceeded",
    pattern: quotaMessage,
    next: "Raise the ResourceQuota, or lower spec.replicas or spec.resources.",
  },
  {
    reason: "LimitRangeExceeded",
    pattern: /(maximum|minimum) (cpu|memory|\S+) usage per|limit to request ratio/i,
    next: "Bring spec.resources within the namespace's LimitRange.",
  },
  {
    reason: "PodSecurityRefused",
    pattern: /violates PodSecurity/i,
    next: "Remove from spec.pod the fields that the message names; the defaults meet the restricted standard.",
  },
  {
    reason: "ServiceAccountMissing",
    pattern: /service ?account .*not found|error looking up service account/i,
    next: "Create the service account, or correct spec.pod.serviceAccountName.",
  },
  {
    reason: "PodsRefused",
    pattern: /./,
    next: "Change the DemoApp so that the API server accepts its pods.",
  },
];

function podRefusalBlockers({ observed: { deployment } }: View): readonly BlockerDraft[] {
  const detail = podRefusalOf(deployment) ?? "";
  const rule = podRefusalRules.find(({ pattern }) => pattern.test(detail));
  if (!rule || !deployment) return [];
  const problem = reasonMessage(rule.reason, { detail });
  return [blockerDraft(`Deployment/${deployment.metadata.name}`, problem, rule.next)];
}

/** An abort command that has no effect, because there is no stable revision to roll back to. */
function abortBlockers({ observed, requested, stable }: View): readonly BlockerDraft[] {
  if (stable !== undefined || requested === undefined) return [];
  if (!isCommanded(observed, annotations.abort, requested)) return [];
  const { rollout } = requested;
  const next = "Change spec.image, or delete the DemoApp.";
  return [blockerDraft(`DemoApp/${observed.app.name}`, reasonMessage("AbortRefused", { rollout }), next)];
}

function scalerBlockers({ observed: { app, scalers } }: View): readonly BlockerDraft[] {
  const target = `apiVersion demoapp.dev/v1, kind DemoApp, name ${app.name}`;
  return scalers.map((scaler) =>
    blockerDraft(
      `HorizontalPodAutoscaler/${scaler}`,
      reasonMessage("ScalerOnDeployment", { scaler }),
      `Point the autoscaler's scaleTargetRef at the DemoApp: ${target}.`,
    ),
  );
}

function restartAtBlockers({ observed: { app }, nowMs }: View): readonly BlockerDraft[] {
  const annotation = annotations.restartAt;
  const value = app.annotations[annotation];
  if (value === undefined || isTime(value)) return [];
  const command = `annotate demoapp ${app.name} --overwrite ${annotation}=${timestamp(nowMs)}`;
  const problem = reasonMessage("BadAnnotation", { annotation, value });
  return [blockerDraft(`DemoApp/${app.name}`, problem, `Set a time: ${kubectl(app, command)}`)];
}

function rejectionBlockers({ requested, observed: { app } }: View): readonly BlockerDraft[] {
  if (requested?.outcome !== "rejected") return [];
  const { rollout, image, hash } = requested;
  const why = requested.message ?? requested.reason ?? "";
  const retry = kubectl(app, `annotate demoapp ${app.name} --overwrite ${annotations.retry}=${rollout}`);
  const next = `Change spec.image in Git (git revert restores the version that serves), or retry this version: ${retry}`;
  const object = `ControllerRevision/${revisionName(app.name, hash)}`;
  return [blockerDraft(object, reasonMessage("RevisionRejected", { rollout, image, why }), next)];
}

/** A missed progress deadline blocks the app whatever the cause, and says where to look for the cause. */
function deadlineBlockers(view: View): readonly BlockerDraft[] {
  const { app } = view.observed;
  const problem = deadlinePassed(view);
  if (problem === undefined || app.spec.suspend || view.writeBlockers.length > 0) return [];
  const describe = kubectl(app, `describe deployment,pods -l ${labels.name}=${app.name}`);
  const next = `Find the cause in the conditions and events: ${describe}`;
  return [blockerDraft(`DemoApp/${app.name}`, problem, next)];
}

function podBlockers({ observed, nowMs }: View): readonly BlockerDraft[] {
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  return observed.pods
    .filter((pod) => !pod.deleting && availableAtMs(pod, minReadyMs) > nowMs)
    .flatMap((pod) => podBlocker(observed, pod) ?? []);
}

const maxBlockers = 20;
/** Longest message of a blocker in the schema, in characters. */
const maxMessage = 2048;

/** Everything that blocks an app, and what a person can do. One blocker per reason: the first object that shows it. */
export function blockersOf(view: View): readonly Blocker[] {
  const all = [
    ...view.writeBlockers,
    ...rejectionBlockers(view),
    ...podRefusalBlockers(view),
    ...podBlockers(view),
    ...deadlineBlockers(view),
    ...abortBlockers(view),
    ...scalerBlockers(view),
    ...restartAtBlockers(view),
  ];
  const first = new Map(all.toReversed().map((blocker) => [blocker.reason, blocker]));
  const before = view.observed.app.status?.blockers ?? [];
  return all
    .filter((blocker) => first.get(blocker.reason) === blocker)
    .slice(0, maxBlockers)
    .map(({ object, reason, message, next }) => {
      const since = before.find((other) => other.reason === reason)?.since ?? timestamp(view.nowMs);
      return { object, reason, message: truncate(message, maxMessage), since, next };
    });
}
