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
  // The writes for one owner don't change what another one owns.
  const pods = workloads.list("Pod");
  const requeueSetsAtMs = workloads.list("ReplicaSet").map((set) => {
    const own = pods.filter((pod) => isControlledBy(pod, set));
    return perform(reconcileReplicaSet(set, own, nowMs), workloads);
  });
  const sets = workloads.list("ReplicaSet");
  const requeueDeploymentsAtMs = workloads.list("Deployment").map((deployment) => {
    const own = sets.filter((set) => isControlledBy(set, deployment));
    return perform(reconcileDeployment(deployment, own, nowMs), workloads);
  });
  return Math.min(Infinity, ...requeueSetsAtMs, ...requeueDeploymentsAtMs);
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
