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

export type WorkloadKind = "Deployment" | "ReplicaSet" | "Pod";

/** The objects of one namespace. */
export interface Workloads {
  readonly list: (kind: WorkloadKind) => readonly KubeObject[];
  /** Makes a write; returns the API server's message if the API server refuses the write. */
  readonly write: (write: Write) => string | undefined;
}

/** Reconciles all ReplicaSets, then all Deployments; returns the earliest time to reconcile again, in ms since 1970. */
export function reconcileAll(workloads: Workloads, nowMs: number): number {
  const ownedBy = (owner: KubeObject, kind: WorkloadKind): readonly KubeObject[] =>
    workloads.list(kind).filter((object) => isControlledBy(object, owner));
  const replicaSets = workloads.list("ReplicaSet").map((set) => {
    return perform(reconcileReplicaSet(set, ownedBy(set, "Pod"), nowMs), workloads);
  });
  const deployments = workloads.list("Deployment").map((deployment) => {
    return perform(reconcileDeployment(deployment, ownedBy(deployment, "ReplicaSet"), nowMs), workloads);
  });
  return Math.min(Infinity, ...replicaSets, ...deployments);
}

function perform({ writes, requeueAtMs, ifRefused }: Reconciliation, workloads: Workloads): number {
  for (const write of writes) {
    const refusal = workloads.write(write);
    if (refusal === undefined) continue;
    if (ifRefused === undefined) throw new Error(refusal);
    return perform(ifRefused(refusal), workloads);
  }
  return requeueAtMs;
}
