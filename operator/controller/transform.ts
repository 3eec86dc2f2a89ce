import { deploymentName, labels } from "../api/names.ts";
import { demoAppStatus } from "../api/schema.ts";
import { parseStored } from "../api/validate.ts";
import {
  type FieldSet,
  type Fields,
  type ManagedFields,
  type Manifest,
  cut,
  isFields,
} from "../core/manifest.ts";
import type { App, ContainerState, Ending, Pod } from "../core/observed.ts";
import type { KubeObject } from "../runtime/kubernetes.ts";

/** What caches keep of each kind: only the fields that are used, or a thousand apps cost a gigabyte. */

/** A DemoApp's spec, or what is wrong with it. */
function specOf(object: KubeObject): Pick<App, "spec" | "problems"> {
  const checked = parseStored(object);
  return checked.ok
    ? { spec: checked.app.spec, problems: [] }
    : { spec: undefined, problems: checked.problems };
}

/**
 * A DemoApp. Its spec is read once per generation and then taken from `previous`: most changes are of the status,
 * and checking a spec is the dearest part of taking one in.
 */
export function appOf(object: KubeObject, previous?: App): App {
  const { metadata } = object;
  const isSame = previous?.uid === metadata.uid && previous?.generation === metadata.generation;
  const { spec, problems } = isSame && previous !== undefined ? previous : specOf(object);
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    annotations: metadata.annotations ?? {},
    spec,
    problems,
    // Read apart, so that it stays the same while the spec is not valid, and is not written again and again.
    status: demoAppStatus.safeParse(object["status"]).data,
  };
}

const maxShared = 1024;
const shared = new Map<string, FieldSet>();

/**
 * The same object for equal field sets: most apps own the same fields of their Deployments, and a copy for each
 * takes more memory than the Deployment. What was not met for long is forgotten.
 */
function share(fields: FieldSet): FieldSet {
  const text = JSON.stringify(fields);
  const known = shared.get(text) ?? fields;
  shared.delete(text);
  shared.set(text, known);
  const [oldest] = shared.size > maxShared ? shared.keys() : [];
  if (oldest !== undefined) shared.delete(oldest);
  return known;
}

/** The fields of the metadata name the owner by its uid, so those are no two apps' same. */
const withSharedSpec = (fields: FieldSet): FieldSet =>
  fields["f:spec"] === undefined ? fields : { ...fields, "f:spec": share(fields["f:spec"]) };

/** Who owns which fields, but those of status: drift is told from the rest. Entries keep their places. */
const managedFields = (object: KubeObject): ManagedFields[] =>
  (object.metadata.managedFields ?? []).map(
    ({ manager = "", operation = "", time = "", subresource, fieldsV1 }) => ({
      manager,
      operation,
      time,
      fieldsV1: subresource === "status" ? {} : withSharedSpec((fieldsV1 ?? {}) as FieldSet),
    }),
  );

/** A Deployment or Service: all of it that is compared, without what only its own controller needs. */
export function manifestOf(object: KubeObject): Manifest {
  const { apiVersion, kind, spec, status } = object;
  return {
    apiVersion,
    kind,
    metadata: { ...object.metadata, managedFields: managedFields(object) },
    spec,
    status,
  };
}

/** A ControllerRevision, without the owners of its fields: nobody else writes to it. */
export function revisionObjectOf(object: KubeObject): Manifest {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The HorizontalPodAutoscalers' targets. */
export interface Scaler {
  readonly namespace: string;
  readonly name: string;
  readonly targetKind: string;
  readonly targetName: string;
}

export function scalerOf({ metadata, spec }: KubeObject): Scaler {
  const target = isFields(spec) && isFields(spec["scaleTargetRef"]) ? spec["scaleTargetRef"] : {};
  const { namespace = "", name } = metadata;
  return { namespace, name, targetKind: text(target["kind"]), targetName: text(target["name"]) };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const optionalText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const fields = (value: unknown): Fields => (isFields(value) ? value : {});
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

const maxWords = 1024;

function endingOf(state: Fields): Ending | undefined {
  const ended = state["terminated"];
  if (!isFields(ended)) return undefined;
  return {
    reason: text(ended["reason"]),
    exitCode: Number(ended["exitCode"] ?? 0),
    message: cut(text(ended["message"]), maxWords),
    at: text(ended["finishedAt"]),
  };
}

function containerOf(status: Fields): ContainerState {
  const state = fields(status["state"]);
  const waiting = state["waiting"];
  const running = fields(state["running"]);
  return {
    name: text(status["name"]),
    ready: status["ready"] === true,
    restarts: Number(status["restartCount"] ?? 0),
    runningSince: optionalText(running["startedAt"]),
    waiting: isFields(waiting)
      ? { reason: text(waiting["reason"]), message: cut(text(waiting["message"]), maxWords) }
      : undefined,
    ended: endingOf(state) ?? endingOf(fields(status["lastState"])),
  };
}

/** A pod as it is cached: with the app that owns it. */
export interface AppPod extends Pod {
  readonly namespace: string;
  /** Name of the app whose Deployment controls the pod; undefined for a pod that only carries an app's labels. */
  readonly app: string | undefined;
}

/**
 * The app of a pod. The pod's controller must be a ReplicaSet of the app's Deployment, which Kubernetes names
 * `<Deployment>-<pod-template-hash>`: a pod with copied labels (`kubectl debug --copy-to`), and one whose labels were
 * changed so that its ReplicaSet released it, counts for no app.
 */
function appOfPod({ labels: own = {}, ownerReferences = [] }: KubeObject["metadata"]): string | undefined {
  const app = own[labels.name];
  const controller = ownerReferences.find((owner) => owner.controller === true);
  if (app === undefined || controller?.kind !== "ReplicaSet") return undefined;
  return controller.name === `${deploymentName(app)}-${own["pod-template-hash"]}` ? app : undefined;
}

/** A pod of ours: what its health is read from. */
export function podOf({ metadata, status }: KubeObject): AppPod {
  const state = fields(status);
  const conditions = list(state["conditions"]);
  const condition = (type: string): Fields => conditions.find((other) => other["type"] === type) ?? {};
  const [ready, scheduled] = [condition("Ready"), condition("PodScheduled")];
  const isReady = ready["status"] === "True";
  return {
    namespace: metadata.namespace ?? "",
    app: appOfPod(metadata),
    name: metadata.name,
    uid: metadata.uid ?? "",
    hash: metadata.labels?.[labels.hash] ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    // A pod that has ended for good (evicted, its node shut down) only waits to be swept up.
    deleting: metadata.deletionTimestamp !== undefined || /^(Failed|Succeeded)$/.test(text(state["phase"])),
    ready: isReady,
    readinessSince: optionalText(ready["lastTransitionTime"]),
    unschedulable: scheduled["reason"] === "Unschedulable" ? text(scheduled["message"]) : undefined,
    containers: [...list(state["initContainerStatuses"]), ...list(state["containerStatuses"])].map(
      containerOf,
    ),
  };
}
