import { annotations, labels, revisionName } from "../api/names.ts";
import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import type { Blocker } from "../api/schema.ts";
import { isTime } from "../api/schema/spec.ts";
import { isAsked } from "./decide.ts";
import { type BlockerDraft, blockerDraft, kubectl } from "./blockerdraft.ts";
import { availableAtMs } from "./health.ts";
import { cut } from "./manifest.ts";
import { timestamp } from "./observed.ts";
import { deadlinePassed } from "./phase.ts";
import { blockerOfPod } from "./podblockers.ts";
import { type View, refusalOfPods } from "./view.ts";

/** What the API server answers when it refuses pods, and what helps. */
const podRefusals: readonly {
  readonly pattern: RegExp;
  readonly blocker: (words: string) => [ReasonMessage, string];
}[] = [
  {
    pattern: /exceeded quota|failed quota/i,
    blocker: (words) => [
      reasonMessage("QuotaExceeded", { words }),
      "Raise the ResourceQuota, or lower spec.replicas or spec.resources.",
    ],
  },
  {
    pattern: /(maximum|minimum) (cpu|memory|\S+) usage per|limit to request ratio/i,
    blocker: (words) => [
      reasonMessage("LimitRangeExceeded", { words }),
      "Bring spec.resources within the namespace's LimitRange.",
    ],
  },
  {
    pattern: /violates PodSecurity/i,
    blocker: (words) => [
      reasonMessage("PodSecurityRefused", { words }),
      "Remove from spec.pod what the message names; the defaults meet the standard restricted.",
    ],
  },
  {
    pattern: /service ?account .*not found|error looking up service account/i,
    blocker: (words) => [
      reasonMessage("ServiceAccountMissing", { words }),
      "Create the service account, or correct spec.pod.serviceAccountName.",
    ],
  },
  {
    pattern: /./,
    blocker: (words) => [
      reasonMessage("PodsRefused", { words }),
      "Change the DemoApp so that the API server takes its pods.",
    ],
  },
];

function ofDeployment(view: View): readonly BlockerDraft[] {
  const { deployment } = view.observed;
  const words = refusalOfPods(deployment);
  const refusal = podRefusals.find(({ pattern }) => pattern.test(words ?? ""));
  if (words === undefined || !refusal || !deployment) return [];
  const [said, next] = refusal.blocker(words);
  return [blockerDraft(`Deployment/${deployment.metadata.name}`, said, next)];
}

/** An abort that can't be carried out, because nothing was accepted yet. */
function ofAbort({ observed, wanted, lastGood }: View): readonly BlockerDraft[] {
  if (lastGood !== undefined || wanted === undefined || !isAsked(observed, annotations.abort, wanted))
    return [];
  const { rollout } = wanted;
  const next = "Change spec.image, or delete the DemoApp.";
  return [blockerDraft(`DemoApp/${observed.app.name}`, reasonMessage("AbortRefused", { rollout }), next)];
}

function ofApp(view: View): readonly BlockerDraft[] {
  const { app, scalers } = view.observed;
  const object = `DemoApp/${app.name}`;
  const scaler = scalers.map((name) =>
    blockerDraft(
      `HorizontalPodAutoscaler/${name}`,
      reasonMessage("ScalerOnDeployment", { scaler: name }),
      `Point its scaleTargetRef at the DemoApp: apiVersion demoapp.dev/v1, kind DemoApp, name ${app.name}.`,
    ),
  );
  const annotation = annotations.restartAt;
  const value = app.annotations[annotation];
  if (value === undefined || isTime(value)) return scaler;
  const next = kubectl(
    view,
    `annotate demoapp ${app.name} --overwrite ${annotation}=${timestamp(view.nowMs)}`,
  );
  return [...scaler, blockerDraft(object, reasonMessage("BadAnnotation", { annotation, value }), next)];
}

function ofRejection(view: View): readonly BlockerDraft[] {
  const { wanted, observed } = view;
  if (wanted?.outcome !== "rejected") return [];
  const { rollout, image, hash } = wanted;
  const { name } = observed.app;
  const said = reasonMessage("RevisionRejected", {
    rollout,
    image,
    why: wanted.message ?? wanted.reason ?? "",
  });
  const retry = kubectl(view, `annotate demoapp ${name} --overwrite ${annotations.retry}=${rollout}`);
  const next = `Change spec.image in Git (git revert goes back to what serves), or have it tried again: ${retry}`;
  return [blockerDraft(`ControllerRevision/${revisionName(name, hash)}`, said, next)];
}

/** Whatever else is known: that it takes too long is in the way, and where to look for the cause. */
function ofDeadline(view: View): readonly BlockerDraft[] {
  const { app } = view.observed;
  const said = deadlinePassed(view);
  if (said === undefined || app.spec.suspend || view.held.length > 0) return [];
  const describe = kubectl(view, `describe deployment,pods -l ${labels.name}=${app.name}`);
  return [blockerDraft(`DemoApp/${app.name}`, said, `See what they wait for: ${describe}`)];
}

const maxBlockers = 20;

/** What is in the way of an app, each with what to do; one per reason, with the first pod that shows it. */
export function blockersOf(view: View): readonly Blocker[] {
  const { observed, nowMs } = view;
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  const stuck = observed.pods.filter((pod) => !pod.deleting && availableAtMs(pod, minReadyMs) > nowMs);
  const all = [
    ...view.held,
    ...ofRejection(view),
    ...ofDeployment(view),
    ...stuck.flatMap((pod) => blockerOfPod(view, pod) ?? []),
    ...ofDeadline(view),
    ...ofAbort(view),
    ...ofApp(view),
  ];
  const first = new Map(all.toReversed().map((blocker) => [blocker.reason, blocker]));
  const before = observed.app.status?.blockers ?? [];
  return all
    .filter((blocker) => first.get(blocker.reason) === blocker)
    .slice(0, maxBlockers)
    .map(({ object, reason, message, next }) => {
      const since = before.find((other) => other.reason === reason)?.since ?? timestamp(nowMs);
      return { object, reason, message: cut(message, 2048), since, next };
    });
}
