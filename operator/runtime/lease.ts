import type { KubeObject, ResourceType } from "./kubernetes.ts";

export const leases: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** The fields of a Lease's spec that leader election uses. */
export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export const specOf = (lease: KubeObject): LeaseSpec => lease.spec ?? {};

/** A `MicroTime`: RFC 3339 with six fractional digits. The API server refuses every other number of digits. */
const microTime = (wallMs: number): string => new Date(wallMs).toISOString().replace("Z", "000Z");

interface Holder {
  readonly identity: string;
  readonly durationMs: number;
  readonly nowMs: number;
  /** True if the process holds the lease already. */
  readonly isRenewal: boolean;
}

/** The spec after `identity` has taken or renewed the lease. */
export const heldSpec = (
  before: LeaseSpec,
  { identity, durationMs, nowMs, isRenewal }: Holder,
): LeaseSpec => {
  const now = microTime(nowMs);
  const transitions = before.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: isRenewal ? (before.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: isRenewal || before.acquireTime === undefined ? transitions : transitions + 1,
  };
};

/** The spec after the holder has released the lease: any process may take it at once. */
export const releasedSpec = (before: LeaseSpec, nowMs: number): LeaseSpec => ({
  ...before,
  holderIdentity: "",
  leaseDurationSeconds: 1,
  renewTime: microTime(nowMs),
});
