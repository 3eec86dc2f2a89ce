import type { KubeObject } from "../../operator/runtime/kubernetes.ts";
import type { Rollout } from "./controllers/rolling.ts";
import { annotation } from "./controllers/workload.ts";

/** A Deployment with an old and a new ReplicaSet. */
export interface TwoSets {
  readonly desired: number;
  readonly limits: { readonly maxSurge: number | string; readonly maxUnavailable: number | string };
  /** The desired size and the largest number of pods at the last scaling. */
  readonly annotated: readonly [desired: number, max: number];
  readonly old: readonly [size: number, available: number];
  readonly newest: readonly [size: number, available: number];
}

/** The objects of a rolling update, named `web`, `old` and `newest`. */
export function rolloutOf({ desired, limits, annotated, ...sets }: TwoSets): Rollout {
  const set = (name: "old" | "newest"): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      annotations: { [annotation.desired]: String(annotated[0]), [annotation.max]: String(annotated[1]) },
    },
    spec: { replicas: sets[name][0] },
    status: { availableReplicas: sets[name][1] },
  });
  const deployment: KubeObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas: desired, strategy: { rollingUpdate: limits } },
  };
  return { deployment, newest: set("newest"), old: [set("old")] };
}
