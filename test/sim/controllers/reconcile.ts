import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { reconcileDeployment } from "./deployment.ts";
import { reconcileReplicaSet } from "./replicaset.ts";
import { isControlledBy } from "./workload.ts";

/** One write that a controller asks for. `update-status` writes the status and the annotations. */
export interface Write {
  readonly verb: "create" | "update" | "update-status" | "delete";
  readonly object: KubeObject;
}

/** What one reconciliation asks for. */
export interface Reconciliation {
  readonly writes: readonly Write[];
  /** When to reconcile again without a change, in ms since 1970; Infinity for never. */
  readonly requeueAtMs: number;
  /** What replaces the remaining writes if the API server refuses one; without it the refusal is an error. */
  readonly ifRefused?: (message: string) => Reconciliation;
}

export interface ClusterView {
  /** All objects of a kind in the namespace. */
  readonly list: (kind: "ReplicaSet" | "Pod") => readonly KubeObject[];
  readonly nowMs: number;
}

/** Reconciles a Deployment or a ReplicaSet once, as kube-controller-manager does. */
export function reconcile(object: KubeObject, { list, nowMs }: ClusterView): Reconciliation {
  const owned = list(object.kind === "Deployment" ? "ReplicaSet" : "Pod").filter((child) =>
    isControlledBy(child, object),
  );
  return object.kind === "Deployment"
    ? reconcileDeployment(object, owned, nowMs)
    : reconcileReplicaSet(object, owned, nowMs);
}
