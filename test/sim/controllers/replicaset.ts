import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Insider } from "../apiserver/insider.ts";
import { type Fields, compact, equal, fieldsOf, itemsOf, numberOf, textOf } from "../apiserver/json.ts";
import { Refusal } from "../apiserver/refusal.ts";
import { timestamp } from "../apiserver/writes.ts";
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

const sets = "replicasets.apps";
const podKind = "pods.";
/** How long the controller waits after a refusal; the real one backs off further. */
const retryMs = 1000;

const phases = ["Pending", "Unknown", "Running"];
const restartsOf = (pod: KubeObject): number =>
  Math.max(0, ...itemsOf(statusOf(pod)["containerStatuses"]).map((one) => numberOf(one["restartCount"])));

/** The lower, the sooner a pod goes (`ActivePodsWithRanks`): the less it does, the younger, the more restarts. */
function rank(pod: KubeObject): readonly number[] {
  return [
    specOf(pod)["nodeName"] === undefined ? 0 : 1,
    phases.indexOf(textOf(statusOf(pod)["phase"])),
    isReady(pod) ? 1 : 0,
    isReady(pod) ? -availableAtMs(pod, 0) : 0,
    -restartsOf(pod),
    -Date.parse(pod.metadata.creationTimestamp ?? ""),
  ];
}

const soonerFirst = (a: KubeObject, b: KubeObject): number => {
  const [left, right] = [rank(a), rank(b)];
  const at = left.findIndex((value, i) => value !== right[i]);
  return at === -1 ? a.metadata.name.localeCompare(b.metadata.name) : (left[at] ?? 0) - (right[at] ?? 0);
};

function podOf(set: KubeObject) {
  const template = fieldsOf(specOf(set)["template"]);
  const { labels, annotations } = fieldsOf(template["metadata"]) as Record<string, Record<string, string>>;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "",
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? "",
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ownerReferences: [ownerReference(set)],
    },
    spec: template["spec"],
  };
}

/** Makes missing pods; gives the API server's words if it refuses one. */
function createPods(writer: Insider, set: KubeObject, count: number): string | undefined {
  try {
    for (let i = 0; i < count; i += 1) writer.create(podKind, podOf(set));
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

interface Pods {
  readonly active: readonly KubeObject[];
  readonly terminating: number;
}

function statusFor(
  set: KubeObject,
  { active, terminating }: Pods,
  { refusal, nowMs }: { refusal: string | undefined; nowMs: number },
): Fields {
  const minReady = numberOf(specOf(set)["minReadySeconds"]);
  const available = active.filter((pod) => availableAtMs(pod, minReady) <= nowMs).length;
  const before = conditionOf(set, "ReplicaFailure");
  const failure = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: refusal };
  const isSame = before !== undefined && before["message"] === refusal;
  const condition = isSame ? before : { ...failure, lastTransitionTime: timestamp(nowMs) };
  return compact({
    replicas: active.length,
    fullyLabeledReplicas: active.length || undefined,
    readyReplicas: active.filter(isReady).length || undefined,
    availableReplicas: available || undefined,
    terminatingReplicas: terminating,
    observedGeneration: set.metadata.generation,
    conditions: refusal === undefined ? undefined : [condition],
  });
}

/** One pass of the ReplicaSet controller. Gives the time at which to look again, in ms. */
export function syncReplicaSet(
  writer: Insider,
  set: KubeObject,
  { pods, nowMs }: { pods: readonly KubeObject[]; nowMs: number },
): number {
  const active = pods.filter(isActive);
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined).length;
  const isGoing = set.metadata.deletionTimestamp !== undefined;
  const missing = isGoing ? 0 : replicasOf(set) - active.length;
  const refusal = missing > 0 ? createPods(writer, set, missing) : undefined;
  if (missing < 0)
    for (const pod of active.toSorted(soonerFirst).slice(0, -missing)) writer.delete(podKind, pod);
  const status = statusFor(set, { active, terminating }, { refusal, nowMs });
  if (!equal(status, statusOf(set))) {
    const { resourceVersion: _, ...metadata } = set.metadata;
    writer.update(sets, { ...set, metadata, status }, "status");
  }
  const minReady = numberOf(specOf(set)["minReadySeconds"]);
  const due = active.map((pod) => availableAtMs(pod, minReady)).filter((atMs) => atMs > nowMs);
  return Math.min(...due, refusal === undefined ? Infinity : nowMs + retryMs);
}
