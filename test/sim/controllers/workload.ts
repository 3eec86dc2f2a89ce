import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, isFields, itemsOf, numberOf, textOf } from "../apiserver/json.ts";

// Helpers that the Deployment controller and the ReplicaSet controller share.

export const specOf = (object: KubeObject): Fields => fieldsOf(object["spec"]);
export const statusOf = (object: KubeObject): Fields => fieldsOf(object["status"]);
export const replicasOf = (object: KubeObject): number => numberOf(specOf(object)["replicas"]);

export const conditionOf = (object: KubeObject, type: string): Fields | undefined =>
  itemsOf(statusOf(object)["conditions"]).find((condition) => condition["type"] === type);

/** True if the owner is the controller in the object's owner references. */
export const isControlledBy = (object: KubeObject, { metadata: { uid } }: KubeObject): boolean =>
  (object.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === uid);

export const ownerReference = ({ apiVersion, kind, metadata: { name, uid = "" } }: KubeObject) => ({
  apiVersion,
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});

export const hashLabel = "pod-template-hash";
const prefix = "deployment.kubernetes.io";
export const annotation = {
  revision: `${prefix}/revision`,
  desired: `${prefix}/desired-replicas`,
  max: `${prefix}/max-replicas`,
} as const;

export const revisionOf = ({ metadata: { annotations = {} } }: KubeObject): number =>
  Number(annotations[annotation.revision] ?? 0);

function withoutHash(template: Fields): Fields {
  const metadata = fieldsOf(template["metadata"]);
  const { [hashLabel]: _, ...labels } = fieldsOf(metadata["labels"]);
  return { ...template, metadata: { ...metadata, labels } };
}

/** The ReplicaSet that has the Deployment's current pod template. */
export const newestOf = (deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined => {
  const template = withoutHash(fieldsOf(specOf(deployment)["template"]));
  return sets.find((set) => equal(withoutHash(fieldsOf(specOf(set)["template"])), template));
};

const trueCondition = (pod: KubeObject, type: string): Fields | undefined => {
  const condition = conditionOf(pod, type);
  return condition?.["status"] === "True" ? condition : undefined;
};

export const isReady = (pod: KubeObject): boolean => trueCondition(pod, "Ready") !== undefined;

/** When the pod has been ready for `minReadySeconds`, in ms since 1970; Infinity if the pod is not ready. */
export function availableAtMs(pod: KubeObject, minReadySeconds: number): number {
  const ready = trueCondition(pod, "Ready");
  return ready === undefined
    ? Infinity
    : Date.parse(textOf(ready["lastTransitionTime"])) + minReadySeconds * 1000;
}

/** True for a pod that counts as a replica: not finished and not being deleted. */
export const isActive = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  !["Succeeded", "Failed"].includes(textOf(statusOf(pod)["phase"]));

const portion = (value: unknown, of: number, round: (value: number) => number): number => {
  if (typeof value === "number") return value;
  return round((of * Number.parseInt(textOf(value), 10)) / 100);
};

/** The numbers of pods that maxSurge and maxUnavailable stand for. */
export function limitsOf(deployment: KubeObject): { readonly surge: number; readonly unavailable: number } {
  const { rollingUpdate } = fieldsOf(specOf(deployment)["strategy"]);
  const { maxSurge = 0, maxUnavailable = 0 } = fieldsOf(rollingUpdate);
  const replicas = replicasOf(deployment);
  const surge = isFields(rollingUpdate) ? portion(maxSurge, replicas, Math.ceil) : 0;
  const unavailable = portion(maxUnavailable, replicas, Math.floor);
  // If both numbers were 0, no rollout could progress.
  return surge === 0 && unavailable === 0
    ? { surge, unavailable: 1 }
    : { surge, unavailable: Math.min(unavailable, replicas) };
}
