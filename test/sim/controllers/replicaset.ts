import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { timestamp } from "../../../operator/core/observed.ts";
import { type Fields, equal, fieldsOf, itemsOf, numberOf, textOf } from "../apiserver/json.ts";
import { withoutZeroValues } from "../apiserver/kinds/defaults.ts";
import type { Reconciliation, Write } from "./reconcile.ts";
import {
  availableAtMs,
  conditionOf,
  isActive,
  isReady,
  ownerReference,
  replicasOf,
  specOf,
  statusOf,
} from "./workload.ts";

/** Delay before a refused pod is created again; Kubernetes backs off up to 15 minutes. */
const retryMs = 1000;

const phases = ["Pending", "Unknown", "Running"];
const restartsOf = (pod: KubeObject): number =>
  Math.max(0, ...itemsOf(statusOf(pod)["containerStatuses"]).map((one) => numberOf(one["restartCount"])));

/** Sort key of a pod: pods with lower keys are deleted first (`ActivePodsWithRanks` of Kubernetes). */
const deletionRank = (pod: KubeObject): readonly number[] => [
  specOf(pod)["nodeName"] === undefined ? 0 : 1,
  phases.indexOf(textOf(statusOf(pod)["phase"])),
  isReady(pod) ? 1 : 0,
  isReady(pod) ? -availableAtMs(pod, 0) : 0,
  -restartsOf(pod),
  -Date.parse(pod.metadata.creationTimestamp ?? ""),
];

const byDeletionRank = (a: KubeObject, b: KubeObject): number => {
  const [left, right] = [deletionRank(a), deletionRank(b)];
  const at = left.findIndex((value, i) => value !== right[i]);
  return at === -1 ? a.metadata.name.localeCompare(b.metadata.name) : (left[at] ?? 0) - (right[at] ?? 0);
};

function newPod(set: KubeObject): KubeObject {
  const { metadata, spec } = fieldsOf(specOf(set)["template"]);
  const { labels, annotations } = fieldsOf(metadata) as Record<string, Record<string, string>>;
  const { name, namespace = "" } = set.metadata;
  const generated = {
    name: "",
    generateName: `${name}-`,
    namespace,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ownerReferences: [ownerReference(set)],
  };
  return { apiVersion: "v1", kind: "Pod", metadata: generated, spec };
}

function podWrites(set: KubeObject, active: readonly KubeObject[]): readonly Write[] {
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const missing = replicasOf(set) - active.length;
  if (missing >= 0) return Array.from({ length: missing }, () => ({ verb: "create", object: newPod(set) }));
  const surplus = active.toSorted(byDeletionRank).slice(0, -missing);
  return surplus.map((object) => ({ verb: "delete", object }));
}

/** The ReplicaFailure condition while the API server refuses pods. */
function failure(set: KubeObject, message: string, nowMs: number): Fields {
  const before = conditionOf(set, "ReplicaFailure");
  if (before?.["message"] === message) return before;
  const lastTransitionTime = timestamp(nowMs);
  return { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message, lastTransitionTime };
}

/** Reconciles a ReplicaSet with its pods (pkg/controller/replicaset of Kubernetes). */
export function reconcileReplicaSet(
  set: KubeObject,
  pods: readonly KubeObject[],
  nowMs: number,
): Reconciliation {
  const active = pods.filter(isActive);
  const availableAt = active.map((pod) => availableAtMs(pod, numberOf(specOf(set)["minReadySeconds"])));
  const counts = {
    replicas: active.length,
    fullyLabeledReplicas: active.length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: availableAt.filter((atMs) => atMs <= nowMs).length,
    terminatingReplicas: pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined).length,
    observedGeneration: set.metadata.generation,
  };
  const statusWrites = (conditions?: readonly Fields[]): readonly Write[] => {
    // Zero values would differ from the stored status, and cause a write without a change each time.
    const status = withoutZeroValues({ ...counts, conditions }) as Fields;
    return equal(status, statusOf(set)) ? [] : [{ verb: "update-status", object: { ...set, status } }];
  };
  const nextMs = Math.min(Infinity, ...availableAt.filter((atMs) => atMs > nowMs));
  return {
    writes: [...podWrites(set, active), ...statusWrites()],
    requeueAtMs: nextMs,
    ifRefused: (message) => ({
      writes: statusWrites([failure(set, message, nowMs)]),
      requeueAtMs: Math.min(nextMs, nowMs + retryMs),
    }),
  };
}
