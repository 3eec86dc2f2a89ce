import { labels } from "../../../../operator/api/names.ts";
import { countOf } from "../../../../operator/core/defaults.ts";
import { canonical } from "../../../../operator/core/hash.ts";
import { availableAtMs } from "../../../../operator/core/health.ts";
import type { Manifest } from "../../../../operator/core/manifest.ts";
import { type Pod, timestamp } from "../../../../operator/core/observed.ts";
import { stateOf } from "./images.ts";

/** A pod of the model: which template it is from, and what happened to it. */
export interface ModelPod {
  readonly name: string;
  /** Tells the pods of one template from those of another, as a ReplicaSet does. */
  readonly template: string;
  readonly hash: string;
  readonly image: string;
  readonly createdMs: number;
  readonly crashedMs: number | undefined;
}

/** What the stand-in for the Deployment controller and the kubelet work on. */
export interface Cluster {
  nowMs: number;
  deployment: Manifest | undefined;
  pods: readonly ModelPod[];
  secretSinceMs: number | undefined;
  /** Counts up, for the names of pods. */
  created: number;
}

interface DeploymentSpec {
  readonly replicas: number;
  readonly minReadySeconds?: number;
  readonly strategy: {
    readonly rollingUpdate: { readonly maxSurge: string | number; readonly maxUnavailable: string | number };
  };
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
  };
}

export const deploymentSpec = (deployment: Manifest): DeploymentSpec => deployment["spec"] as DeploymentSpec;

const keys = new WeakMap<object, string>();

/** The canonical text of a template, which is made once. */
function keyOf(template: object): string {
  const key = keys.get(template) ?? canonical(template);
  keys.set(template, key);
  return key;
}

/** A pod as the operator sees it at this moment. */
export function podOf(pod: ModelPod, cluster: Cluster): Pod {
  const { name, hash, createdMs } = pod;
  const life = { ...pod, secretSinceMs: cluster.secretSinceMs };
  const { container, ...readiness } = stateOf(life, cluster.nowMs);
  const identity = { name, uid: name, hash, createdAt: timestamp(createdMs), deleting: false };
  return { ...identity, ...readiness, unschedulable: undefined, containers: [container] };
}

/** How many pods a Deployment may have beyond its replicas, and how few may be available. */
export function boundsOf(deployment: Manifest): { readonly most: number; readonly fewest: number } {
  const { replicas, strategy } = deploymentSpec(deployment);
  const surge = countOf(strategy.rollingUpdate.maxSurge, replicas, "up");
  const given = countOf(strategy.rollingUpdate.maxUnavailable, replicas, "down");
  const unavailable = surge === 0 && given === 0 ? 1 : given;
  return { most: replicas + surge, fewest: replicas - Math.min(replicas, unavailable) };
}

const isAvailable =
  (cluster: Cluster) =>
  (pod: ModelPod): boolean => {
    const minReadyMs =
      (cluster.deployment ? (deploymentSpec(cluster.deployment).minReadySeconds ?? 0) : 0) * 1000;
    return availableAtMs(podOf(pod, cluster), minReadyMs) <= cluster.nowMs;
  };

export const availableIn = (cluster: Cluster): number => cluster.pods.filter(isAvailable(cluster)).length;

/** New pods up to the surge, then old ones away: first those that are not available, then others above the floor. */
function roll(cluster: Cluster, deployment: Manifest): readonly ModelPod[] {
  const { replicas, template } = deploymentSpec(deployment);
  const { most, fewest } = boundsOf(deployment);
  const key = keyOf(template);
  const available = isAvailable(cluster);
  const current = cluster.pods.filter((pod) => pod.template === key);
  const old = cluster.pods.filter((pod) => pod.template !== key);
  // Of too many current pods those go first that are not available.
  const byUse = current.toSorted((a, b) => Number(available(b)) - Number(available(a)));
  const kept = byUse.slice(0, replicas);
  const room = Math.max(0, Math.min(replicas - kept.length, most - kept.length - old.length));
  const image = template.spec.containers.find(({ name }) => name === "app")?.image ?? "";
  const hash = template.metadata.labels[labels.hash] ?? "";
  const fresh = Array.from({ length: room }, (_, i): ModelPod => ({
    name: `pod-${cluster.created + i}`,
    template: key,
    hash,
    image,
    createdMs: cluster.nowMs,
    crashedMs: undefined,
  }));
  cluster.created += room;
  const now = [...kept, ...fresh];
  const spare = Math.max(0, now.filter(available).length + old.filter(available).length - fewest);
  const useless = old.filter((pod) => !available(pod));
  const removable = Math.max(
    0,
    now.length + old.length - fewest - now.filter((pod) => !available(pod)).length,
  );
  const gone = new Set([
    ...useless.slice(0, removable),
    ...old.filter(available).slice(0, Math.min(spare, Math.max(0, removable - useless.length))),
  ]);
  return [...now, ...old.filter((pod) => !gone.has(pod))];
}

/** One turn of the Deployment controller: pods, then the status that tells of them. */
export function turn(cluster: Cluster): void {
  const { deployment } = cluster;
  if (deployment === undefined) {
    cluster.pods = [];
    return;
  }
  cluster.pods = roll(cluster, deployment);
  const key = keyOf(deploymentSpec(deployment).template);
  const status = {
    observedGeneration: deployment.metadata.generation,
    replicas: cluster.pods.length,
    updatedReplicas: cluster.pods.filter(({ template }) => template === key).length,
    readyReplicas: cluster.pods.filter((pod) => podOf(pod, cluster).ready).length,
    availableReplicas: availableIn(cluster),
  };
  if (canonical(status) !== canonical(deployment["status"])) cluster.deployment = { ...deployment, status };
}
