import { annotations, deploymentName, formerAdopt, labels, tracks } from "../api/names.ts";
import { type DemoAppStatus, demoAppStatus } from "../api/schema.ts";
import { parseStored } from "../api/validate.ts";
import { type Fields, fieldsOf, isFields, truncate } from "../core/manifest.ts";
import { once } from "../core/memo.ts";
import { restartsOf } from "../core/deployment.ts";
import type { App, ContainerState, Pod, Termination } from "../core/observed.ts";
import { sizeProblem } from "../core/render/size.ts";
import { cleanText } from "../core/text.ts";
import { isEqual } from "../runtime/equal.ts";
import type { KubeObject } from "../runtime/kubernetes.ts";

/** Maximum length of a text in the cache: tenants write messages and reasons. */
const maxTextLength = 1024;

// The cache transforms of each kind. Caches keep only the fields that the operator uses: whole objects of a thousand
// apps would take a gigabyte.

/** A DemoApp's spec with defaults, or its validation errors. */
function specOf(object: KubeObject): Pick<App, "spec" | "problems"> {
  const checked = parseStored(object);
  if (!checked.ok) return { spec: undefined, problems: checked.problems };
  const { metadata, spec } = checked.app;
  const problem = sizeProblem(metadata, spec);
  return problem ? { spec: undefined, problems: [problem] } : { spec, problems: [] };
}

/** Once for the response to a status write, which both the writer and the cache read. */
const parsedStatus = once((status: Fields) => demoAppStatus.safeParse(status).data);

/** The stored status of a DemoApp; undefined if there is none, or if it is invalid. */
export function storedStatusOf({ status }: KubeObject, previous?: App): DemoAppStatus | undefined {
  if (!isFields(status)) return undefined;
  return isEqual(status, previous?.status) ? previous?.status : parsedStatus(status);
}

const readAnnotations = [...Object.values(annotations), formerAdopt];

/** The annotations that the operator reads: the others, as kubectl's last-applied-configuration, can be large. */
const commandsOf = (own: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readAnnotations.flatMap((name) =>
      own[name] === undefined ? [] : [[name, truncate(own[name], maxTextLength)]],
    ),
  );

/** The parts of a DemoApp that are neither validated nor parsed. */
export const headOf = ({ metadata }: KubeObject): Omit<App, "spec" | "problems" | "status"> => ({
  name: metadata.name,
  namespace: metadata.namespace ?? "",
  uid: metadata.uid ?? "",
  generation: metadata.generation ?? 0,
  deleting: metadata.deletionTimestamp !== undefined,
  annotations: commandsOf(metadata.annotations),
});

/**
 * Transforms a DemoApp. Validating the spec is the most expensive part and most events change only the status, so the
 * spec is validated once per generation and then taken from `previous`.
 */
export function appOf(object: KubeObject, previous?: App): App {
  const { metadata } = object;
  const isSame = previous?.uid === metadata.uid && previous?.generation === metadata.generation;
  const { spec, problems } = isSame && previous !== undefined ? previous : specOf(object);
  return {
    ...headOf(object),
    spec,
    problems,
    // Parsed independently of the spec: an invalid spec must not hide the live status, or each reconcile rewrites it.
    status: storedStatusOf(object, previous),
  };
}

/** A HorizontalPodAutoscaler. `deployment`: the name of its target; undefined if the target is no Deployment. */
export interface Scaler {
  readonly namespace: string;
  readonly name: string;
  readonly deployment: string | undefined;
}

/** Longest name of a Deployment. The API server stores longer names of targets. */
const maxNameLength = 253;

export function scalerOf({ metadata, spec }: KubeObject): Scaler {
  const target = fieldsOf(fieldsOf(spec)["scaleTargetRef"]);
  const { namespace = "", name } = metadata;
  const deployment =
    target["kind"] === "Deployment" ? truncate(text(target["name"]), maxNameLength) : undefined;
  return { namespace, name, deployment };
}

const optionalText = (value: unknown): string | undefined =>
  typeof value === "string" ? truncate(value, maxTextLength) : undefined;
const text = (value: unknown): string => optionalText(value) ?? "";
/** A message of a container or the scheduler: one clean line. */
const messageOf = (value: unknown): string => cleanText(text(value), maxTextLength);
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

function endingOf(state: Fields): Termination | undefined {
  const ended = state["terminated"];
  if (!isFields(ended)) return undefined;
  return {
    reason: text(ended["reason"]),
    exitCode: Number(ended["exitCode"] ?? 0),
    message: messageOf(ended["message"]),
    at: text(ended["finishedAt"]),
  };
}

function containerOf(status: Fields): ContainerState {
  const state = fieldsOf(status["state"]);
  const waiting = state["waiting"];
  const running = fieldsOf(state["running"]);
  return {
    name: text(status["name"]),
    ready: status["ready"] === true,
    restarts: Number(status["restartCount"] ?? 0),
    runningSince: optionalText(running["startedAt"]),
    waiting: isFields(waiting)
      ? { reason: text(waiting["reason"]), message: messageOf(waiting["message"]) }
      : undefined,
    terminated: endingOf(state) ?? endingOf(fieldsOf(status["lastState"])),
  };
}

/** A cached pod. */
export interface AppPod extends Pod {
  readonly namespace: string;
  /** Name of the app whose Deployment controls the pod; undefined for a pod that only carries an app's labels. */
  readonly app: string | undefined;
}

/**
 * The app of a pod, and the track of the Deployment that controls the pod; undefined if no Deployment of an app does.
 * The pod's controller must be a ReplicaSet of the Deployment, which Kubernetes names `<Deployment>-<pod-template-hash>`:
 * a pod with copied labels (`kubectl debug --copy-to`), and one whose labels were changed so that its ReplicaSet released
 * it, counts for no app.
 */
function controllerOf({ labels: own = {}, ownerReferences = [] }: KubeObject["metadata"]) {
  const app = own[labels.name];
  const controller = ownerReferences.find((owner) => owner.controller === true);
  if (app === undefined || controller?.kind !== "ReplicaSet") return undefined;
  const track = tracks.find(
    (one) => controller.name === `${deploymentName(app, one)}-${own["pod-template-hash"]}`,
  );
  return track && { app, track };
}

/** The pod's own address. On the host's network, it would be that of the node. */
function addressOf({ podIP, hostIP }: Fields, { hostNetwork }: Fields): string | undefined {
  return hostNetwork === true || podIP === hostIP ? undefined : optionalText(podIP);
}

/** Transforms a pod: keeps what the pod's health depends on. */
export function podOf({ metadata, spec, status }: KubeObject): AppPod {
  const state = fieldsOf(status);
  const conditions = list(state["conditions"]);
  const condition = (type: string): Fields => conditions.find((other) => other["type"] === type) ?? {};
  const [ready, scheduled] = [condition("Ready"), condition("PodScheduled")];
  const isReady = ready["status"] === "True";
  const controller = controllerOf(metadata);
  return {
    namespace: metadata.namespace ?? "",
    app: controller?.app,
    track: controller?.track ?? "stable",
    restarts: restartsOf(metadata.annotations),
    name: metadata.name,
    uid: metadata.uid ?? "",
    hash: metadata.labels?.[labels.hash] ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    // A Failed or Succeeded pod (evicted, or its node shut down) never runs again and awaits garbage collection.
    deleting: metadata.deletionTimestamp !== undefined || /^(Failed|Succeeded)$/.test(text(state["phase"])),
    ready: isReady,
    readinessSince: optionalText(ready["lastTransitionTime"]),
    address: addressOf(state, fieldsOf(spec)),
    unschedulable: scheduled["reason"] === "Unschedulable" ? messageOf(scheduled["message"]) : undefined,
    containers: [...list(state["initContainerStatuses"]), ...list(state["containerStatuses"])].map(
      containerOf,
    ),
  };
}
