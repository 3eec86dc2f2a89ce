import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { numberOf } from "../apiserver/json.ts";
import { annotation, limitsOf, replicasOf, statusOf } from "./workload.ts";

/** The sizes that ReplicaSets are to have, by name; those that stay as they are are left out. */
export type Sizes = ReadonlyMap<string, number>;

interface Rollout {
  readonly deployment: KubeObject;
  readonly newest: KubeObject;
  /** Oldest first. */
  readonly old: readonly KubeObject[];
}

const nothing: Sizes = new Map();
const sum = (sets: readonly KubeObject[]): number => sets.reduce((total, set) => total + replicasOf(set), 0);
const availableOf = (set: KubeObject): number => numberOf(statusOf(set)["availableReplicas"]);

/** How large the newest ReplicaSet may be now: as many as surge leaves room for. */
export function newestSize(deployment: KubeObject, newest: number, others: readonly KubeObject[]): number {
  const wanted = replicasOf(deployment);
  const room = wanted + limitsOf(deployment).surge - newest - sum(others);
  return room <= 0 ? newest : newest + Math.min(room, wanted - newest);
}

function growNewest({ deployment, newest, old }: Rollout): Sizes {
  const size = replicasOf(newest);
  const wanted = replicasOf(deployment);
  const next = size > wanted ? wanted : newestSize(deployment, size, old);
  return next === size ? nothing : new Map([[newest.metadata.name, next]]);
}

/** Takes `count` from the given sets, oldest first, at most `removable` of each. */
function takeFrom(
  sets: readonly KubeObject[],
  count: number,
  removable: (set: KubeObject) => number,
): Map<string, number> {
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

/** Unhealthy pods of old sets go first; then healthy ones, as far as enough stay available. */
function shrinkOld({ deployment, newest, old }: Rollout): Sizes {
  const minAvailable = replicasOf(deployment) - limitsOf(deployment).unavailable;
  const unavailable = replicasOf(newest) - availableOf(newest);
  const removable = sum(old) + replicasOf(newest) - minAvailable - unavailable;
  if (removable <= 0) return nothing;
  const unhealthy = takeFrom(old, removable, (set) => replicasOf(set) - availableOf(set));
  if (unhealthy.size > 0) return unhealthy;
  const available = [newest, ...old].reduce((total, set) => total + availableOf(set), 0);
  return takeFrom(old, available - minAvailable, replicasOf);
}

const isScaling = ({ deployment, newest, old }: Rollout): boolean =>
  [newest, ...old].some((set) => {
    const desired = set.metadata.annotations?.[annotation.desired];
    return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== replicasOf(deployment);
  });

/** Each set's share of what a scaled Deployment may have, so that a rollout keeps its proportions. */
function scale({ deployment, newest, old }: Rollout): Sizes {
  const active = [...old, newest].filter((set) => replicasOf(set) > 0);
  const wanted = replicasOf(deployment);
  const [only] = active;
  if (active.length <= 1) return new Map([[(only ?? newest).metadata.name, wanted]]);
  const total = sum(active);
  const allowed = wanted === 0 ? 0 : wanted + limitsOf(deployment).surge;
  const bySize = active.toSorted((a, b) => replicasOf(b) - replicasOf(a));
  const sizes = new Map<string, number>();
  let left = allowed - total;
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

/** The next step of a rolling update, as the Deployment controller takes it (pkg/controller/deployment/rolling.go). */
export function nextSizes(rollout: Rollout): Sizes {
  if (isScaling(rollout)) return scale(rollout);
  const grown = growNewest(rollout);
  return grown.size > 0 ? grown : shrinkOld(rollout);
}
