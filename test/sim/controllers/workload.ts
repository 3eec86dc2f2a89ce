import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, isFields, itemsOf, numberOf, textOf } from "../apiserver/json.ts";

// What Deployments and ReplicaSets have in common.

export const specOf = (object: KubeObject): Fields => fieldsOf(object["spec"]);
export const statusOf = (object: KubeObject): Fields => fieldsOf(object["status"]);
export const replicasOf = (object: KubeObject): number => numberOf(specOf(object)["replicas"]);

export interface Condition extends Fields {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export const conditionOf = (object: KubeObject, type: string): Fields | undefined =>
  itemsOf(statusOf(object)["conditions"]).find((one) => one["type"] === type);

export const controllerOf = ({ metadata: { ownerReferences = [] } }: KubeObject) =>
  ownerReferences.find(({ controller }) => controller === true);

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

/** A pod template without the label that tells ReplicaSets apart. */
function withoutHash(template: Fields): Fields {
  const metadata = fieldsOf(template["metadata"]);
  const { [hashLabel]: _, ...labels } = fieldsOf(metadata["labels"]);
  return { ...template, metadata: { ...metadata, labels } };
}

/** The ReplicaSet that runs a Deployment's present template. */
export const newestOf = (deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined =>
  sets.find((set) =>
    equal(
      withoutHash(fieldsOf(specOf(set)["template"])),
      withoutHash(fieldsOf(specOf(deployment)["template"])),
    ),
  );

const isTrue = (pod: KubeObject, type: string): Fields | undefined => {
  const condition = conditionOf(pod, type);
  return condition?.["status"] === "True" ? condition : undefined;
};

export const isReady = (pod: KubeObject): boolean => isTrue(pod, "Ready") !== undefined;

/** When a pod is available, if nothing changes: ready for `minReadySeconds`; Infinity if it is not ready. */
export function availableAtMs(pod: KubeObject, minReadySeconds: number): number {
  const ready = isTrue(pod, "Ready");
  return ready === undefined
    ? Infinity
    : Date.parse(textOf(ready["lastTransitionTime"])) + minReadySeconds * 1000;
}

/** A pod that counts: it has not ended and is not being deleted. */
export const isActive = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  !["Succeeded", "Failed"].includes(textOf(statusOf(pod)["phase"]));

const portion = (value: unknown, of: number, round: (value: number) => number): number => {
  if (typeof value === "number") return value;
  return round((of * Number.parseInt(textOf(value), 10)) / 100);
};

/** How many pods more, and how many fewer available ones, a rolling update may make. */
export function limitsOf(deployment: KubeObject): { readonly surge: number; readonly unavailable: number } {
  const { rollingUpdate } = fieldsOf(specOf(deployment)["strategy"]);
  const { maxSurge = 0, maxUnavailable = 0 } = fieldsOf(rollingUpdate);
  const replicas = replicasOf(deployment);
  const surge = isFields(rollingUpdate) ? portion(maxSurge, replicas, Math.ceil) : 0;
  const unavailable = portion(maxUnavailable, replicas, Math.floor);
  // With both at 0 nothing would ever roll.
  return surge === 0 && unavailable === 0
    ? { surge, unavailable: 1 }
    : { surge, unavailable: Math.min(unavailable, replicas) };
}
