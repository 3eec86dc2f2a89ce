import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { numberOf } from "../apiserver/json.ts";
import { annotation, limitsOf, replicasOf, statusOf } from "./workload.ts";

/** New sizes of ReplicaSets by name; a ReplicaSet that keeps its size is left out. */
type Sizes = ReadonlyMap<string, number>;

export interface Rollout {
  readonly deployment: KubeObject;
  readonly newest: KubeObject;
  /** The other ReplicaSets, oldest first. */
  readonly old: readonly KubeObject[];
}

const sum = (sets: readonly KubeObject[]): number => sets.reduce((total, set) => total + replicasOf(set), 0);
const availableOf = (set: KubeObject): number => numberOf(statusOf(set)["availableReplicas"]);

/** The size of the newest ReplicaSet, now `size`, after it has grown by what maxSurge allows. */
export function newestSize(deployment: KubeObject, size: number, others: readonly KubeObject[]): number {
  const desired = replicasOf(deployment);
  const room = desired + limitsOf(deployment).surge - size - sum(others);
  return room <= 0 ? size : size + Math.min(room, desired - size);
}

function growNewest({ deployment, newest, old }: Rollout): Sizes {
  const size = replicasOf(newest);
  const desired = replicasOf(deployment);
  const next = size > desired ? desired : newestSize(deployment, size, old);
  return new Map(next === size ? [] : [[newest.metadata.name, next]]);
}

/** Takes `count` replicas away, from the oldest ReplicaSet first, at most `removable` from each. */
function shrink(sets: readonly KubeObject[], count: number, removable: (set: KubeObject) => number): Sizes {
  const sizes = new Map<string, number>();
  let left = count;
  for (const set of sets) {
    const taken = Math.min(left, removable(set));
    if (taken <= 0) continue;
    sizes.set(set.metadata.name, replicasOf(set) - taken);
    left -= taken;
  }
  return sizes;
}

/** Shrinks old ReplicaSets: first by their unavailable pods, then as far as maxUnavailable allows. */
function shrinkOld({ deployment, newest, old }: Rollout): Sizes {
  const minAvailable = replicasOf(deployment) - limitsOf(deployment).unavailable;
  const unavailable = replicasOf(newest) - availableOf(newest);
  const removable = sum(old) + replicasOf(newest) - minAvailable - unavailable;
  if (removable <= 0) return new Map();
  // A status that counts more available pods than the set's size precedes the last scaling. The Deployment controller
  // fails on such a status (cleanupUnhealthyReplicas) and waits for the next one.
  if (old.some((set) => replicasOf(set) > 0 && availableOf(set) > replicasOf(set))) return new Map();
  const unhealthy = shrink(old, removable, (set) => replicasOf(set) - availableOf(set));
  if (unhealthy.size > 0) return unhealthy;
  const available = [newest, ...old].reduce((total, set) => total + availableOf(set), 0);
  return shrink(old, available - minAvailable, replicasOf);
}

const isScaling = ({ deployment, newest, old }: Rollout): boolean =>
  [newest, ...old].some((set) => {
    const desired = set.metadata.annotations?.[annotation.desired];
    return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== replicasOf(deployment);
  });

/**
 * Scales all active ReplicaSets of a rollout in proportion to their sizes. Of ReplicaSets with the same size, the newest
 * grows first and the oldest shrinks first.
 */
function scale({ deployment, newest, old }: Rollout): Sizes {
  const active = [...old, newest].filter((set) => replicasOf(set) > 0);
  const desired = replicasOf(deployment);
  const [only] = active;
  if (active.length <= 1) return new Map([[(only ?? newest).metadata.name, desired]]);
  const total = sum(active);
  const allowed = desired === 0 ? 0 : desired + limitsOf(deployment).surge;
  let left = allowed - total;
  const byAge = left > 0 ? active.toReversed() : active;
  const bySize = byAge.toSorted((a, b) => replicasOf(b) - replicasOf(a));
  const sizes = new Map<string, number>();
  for (const set of bySize) {
    const max = Number(set.metadata.annotations?.[annotation.max] ?? total) || total;
    const share = Math.round((replicasOf(set) * allowed) / max) - replicasOf(set);
    const given = left > 0 ? Math.min(share, left) : Math.max(share, left);
    sizes.set(set.metadata.name, Math.max(0, replicasOf(set) + given));
    left -= given;
  }
  const [largest] = bySize;
  if (largest !== undefined)
    sizes.set(largest.metadata.name, Math.max(0, (sizes.get(largest.metadata.name) ?? 0) + left));
  return sizes;
}

/** The next step of a rolling update (pkg/controller/deployment/rolling.go of Kubernetes). */
export function nextSizes(rollout: Rollout): Sizes {
  if (isScaling(rollout)) return scale(rollout);
  const grown = growNewest(rollout);
  return grown.size > 0 ? grown : shrinkOld(rollout);
}
