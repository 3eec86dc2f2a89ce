import { annotations, revisionName } from "../api/names.ts";
import { type Said, say } from "../api/reasons.ts";
import type { Blocker } from "../api/schema.ts";
import { isTime } from "../api/schema/spec.ts";
import { isAsked } from "./decide.ts";
import { availableAtMs, imageIsMissing, isCrashLooping, lastWords } from "./health.ts";
import { type Fields, cut, isFields } from "./manifest.ts";
import { type ContainerState, type Pod, type PodWarning, millis, timestamp } from "./observed.ts";
import type { View } from "./view.ts";

/** A blocker before it is known since when it is there. */
type Found = Omit<Blocker, "since">;

const found = (object: string, said: Said, next: string): Found => ({ object, ...said, next });
const kubectl = ({ observed: { app } }: View, rest: string): string => `kubectl -n ${app.namespace} ${rest}`;

/** One thing that can keep a container from running, told from its state. */
type ContainerRule = (container: ContainerState, pod: Pod, view: View) => Found | undefined;

const waitsFor = (container: ContainerState, pattern: RegExp): string | undefined =>
  container.waiting && pattern.test(container.waiting.reason) ? container.waiting.message : undefined;

const imagePull: ContainerRule = (container, pod) => {
  const words = waitsFor(
    container,
    /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/,
  );
  if (words === undefined) return undefined;
  const object = `Pod/${pod.name}`;
  if (imageIsMissing(container))
    return found(
      object,
      say("ImageNotFound", { pod: pod.name, words }),
      "Push the image, or correct spec.image.",
    );
  const next =
    "See that the node reaches the registry, and that spec.pod.imagePullSecrets names valid credentials.";
  return found(object, say("ImagePullFailed", { words }), next);
};

const runsAsRoot: ContainerRule = (container, pod) => {
  const words = waitsFor(container, /^CreateContainerConfigError$/);
  if (words === undefined || !/non-?root/i.test(words)) return undefined;
  const next =
    "Set spec.pod.securityContext.runAsUser to a numeric user other than 0 (such as 10001), or USER in the Dockerfile.";
  return found(`Pod/${pod.name}`, say("RunsAsRoot", { words }), next);
};

const configMissing: ContainerRule = (container, pod) => {
  const words = waitsFor(container, /^CreateContainerConfigError$/);
  if (words === undefined) return undefined;
  const next =
    "Create what the message names, or correct spec.env, spec.envFrom or spec.pod.volumes; it goes on by itself.";
  return found(`Pod/${pod.name}`, say("ConfigMissing", { words }), next);
};

const refusedByNode: ContainerRule = (container, pod, view) => {
  const words = waitsFor(
    container,
    /^(CreateContainerError|RunContainerError|StartError|ContainerCannotRun)$/,
  );
  if (words === undefined) return undefined;
  const next = `Correct what the message names (spec.pod.command, volumes), see ${kubectl(view, `describe pod ${pod.name}`)}.`;
  return found(`Pod/${pod.name}`, say("ContainerRefused", { words }), next);
};

/** True for an init container that has done its work. */
const isDone = ({ ended: end, runningSince, waiting }: ContainerState): boolean =>
  end?.exitCode === 0 && runningSince === undefined && waiting === undefined;

const ended: ContainerRule = (container, pod, view) => {
  if (!container.ended || isDone(container)) return undefined;
  if (!isCrashLooping(container) && container.restarts === 0 && container.runningSince) return undefined;
  const object = `Pod/${pod.name}`;
  const words = lastWords(container);
  const { name } = container;
  if (container.ended.reason === "OOMKilled")
    return found(object, say("OutOfMemory", { container: name }), "Raise spec.resources.limits.memory.");
  if (/EROFS|read-only file ?system/i.test(container.ended.message)) {
    const next =
      "Mount an emptyDir where it writes (spec.pod.volumes, volumeMounts), or set spec.pod.containerSecurityContext.readOnlyRootFilesystem to false.";
    return found(object, say("ReadOnlyRoot", { container: name, words }), next);
  }
  const logs = kubectl(view, `logs ${pod.name} -c ${name} --previous`);
  return found(object, say("CrashLoop", { pod: pod.name, container: name, words }), `Read the log: ${logs}.`);
};

/** The first that matches says what is wrong with a container. */
const containerRules: readonly ContainerRule[] = [imagePull, runsAsRoot, configMissing, refusedByNode, ended];

const warningOf = (view: View, pod: Pod, reason: RegExp): PodWarning | undefined =>
  view.observed.warnings.findLast((warning) => warning.pod === pod.name && reason.test(warning.reason));

function ofPod(view: View, pod: Pod): Found | undefined {
  const object = `Pod/${pod.name}`;
  if (pod.unschedulable !== undefined) {
    const next =
      "Add room or nodes, or lower spec.resources.requests; see nodeSelector, affinity and tolerations too.";
    return found(object, say("Unschedulable", { words: pod.unschedulable }), next);
  }
  for (const rule of containerRules)
    for (const container of pod.containers) {
      const blocker = rule(container, pod, view);
      if (blocker) return blocker;
    }
  const volume = warningOf(view, pod, /^FailedMount$/);
  if (volume && pod.containers.every((container) => container.runningSince === undefined))
    return found(
      object,
      say("ConfigMissing", { words: volume.message }),
      "Create what the message names, or correct spec.pod.volumes; it goes on by itself.",
    );
  const unhealthy = warningOf(view, pod, /^Unhealthy$/);
  if (!unhealthy || pod.ready) return undefined;
  const next = `See that the app answers on spec.port and at the probe's path: ${kubectl(view, `logs ${pod.name}`)}.`;
  return found(object, say("NotReady", { words: unhealthy.message }), next);
}

/** What the API server answers when it refuses pods, and what helps. */
const podRefusals: readonly {
  readonly pattern: RegExp;
  readonly blocker: (words: string) => [Said, string];
}[] = [
  {
    pattern: /exceeded quota|failed quota/i,
    blocker: (words) => [
      say("QuotaExceeded", { words }),
      "Raise the ResourceQuota, or lower spec.replicas or spec.resources.",
    ],
  },
  {
    pattern: /(maximum|minimum) (cpu|memory|\S+) usage per|limit to request ratio/i,
    blocker: (words) => [
      say("LimitRangeExceeded", { words }),
      "Bring spec.resources within the namespace's LimitRange.",
    ],
  },
  {
    pattern: /violates PodSecurity/i,
    blocker: (words) => [
      say("PodSecurityRefused", { words }),
      "Remove from spec.pod what the message names; the defaults meet the standard restricted.",
    ],
  },
  {
    pattern: /service ?account .*not found|error looking up service account/i,
    blocker: (words) => [
      say("ServiceAccountMissing", { words }),
      "Create the service account, or correct spec.pod.serviceAccountName.",
    ],
  },
  {
    pattern: /./,
    blocker: (words) => [
      say("PodsRefused", { words }),
      "Change the DemoApp so that the API server takes its pods.",
    ],
  },
];

function ofDeployment(view: View): readonly Found[] {
  const { deployment } = view.observed;
  const status: Fields = isFields(deployment?.["status"]) ? deployment["status"] : {};
  const conditions = Array.isArray(status["conditions"]) ? (status["conditions"] as Fields[]) : [];
  const failure = conditions.find(({ type, status: value }) => type === "ReplicaFailure" && value === "True");
  const words = typeof failure?.["message"] === "string" ? failure["message"] : "";
  const refusal = failure && podRefusals.find(({ pattern }) => pattern.test(words));
  if (!refusal || !deployment) return [];
  const [said, next] = refusal.blocker(words);
  return [found(`Deployment/${deployment.metadata.name}`, said, next)];
}

/** An abort that can't be carried out, because nothing was accepted yet. */
function ofAbort({ observed, wanted, lastGood }: View): readonly Found[] {
  if (lastGood !== undefined || wanted === undefined || !isAsked(observed, annotations.abort, wanted))
    return [];
  const { rollout } = wanted;
  const next = "Change spec.image, or delete the DemoApp.";
  return [found(`DemoApp/${observed.app.name}`, say("AbortRefused", { rollout }), next)];
}

function ofApp(view: View): readonly Found[] {
  const { app, scalers } = view.observed;
  const object = `DemoApp/${app.name}`;
  const scaler = scalers.map((name) =>
    found(
      `HorizontalPodAutoscaler/${name}`,
      say("ScalerOnDeployment", { scaler: name }),
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
  return [...scaler, found(object, say("BadAnnotation", { annotation, value }), next)];
}

function ofRejection(view: View): readonly Found[] {
  const { wanted, observed } = view;
  if (wanted?.outcome !== "rejected") return [];
  const { rollout, image, hash } = wanted;
  const { name } = observed.app;
  const said = say("RevisionRejected", { rollout, image, why: wanted.message ?? wanted.reason ?? "" });
  const retry = kubectl(view, `annotate demoapp ${name} --overwrite ${annotations.retry}=${rollout}`);
  const next = `Change spec.image in Git (git revert goes back to what serves), or have it tried again: ${retry}`;
  return [found(`ControllerRevision/${revisionName(name, hash)}`, said, next)];
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
    ...stuck.flatMap((pod) => ofPod(view, pod) ?? []),
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

const unexplainedAfterMs = 5_000;

/** True if a pod's status doesn't say why it is not ready, so that its Events are worth asking for. */
export function isUnexplained(pod: Pod, nowMs: number): boolean {
  if (pod.ready || pod.deleting || pod.unschedulable !== undefined) return false;
  if (nowMs - millis(pod.createdAt) < unexplainedAfterMs) return false;
  return !pod.containers.some(
    ({ waiting }) => waiting && !/^(ContainerCreating|PodInitializing)$/.test(waiting.reason),
  );
}
