import { ApiError, ConnectionError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import type { ApiClient, CallOptions, KubeObject, ResourceType } from "./kubernetes.ts";

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

/** A lease as this process has seen it. */
export interface ObservedLease {
  readonly lease: KubeObject;
  /** Monotonic time since which the spec is unchanged. */
  readonly sinceMs: number;
}

/** The observation after one more look at the lease. */
export const observeLease = (
  before: ObservedLease | undefined,
  lease: KubeObject,
  nowMs: number,
): ObservedLease => {
  const isSame = before !== undefined && JSON.stringify(before.lease.spec) === JSON.stringify(lease.spec);
  return { lease, sinceMs: isSame ? before.sinceMs : nowMs };
};

/** True if any process may take the lease: it has no holder, or its holder has not renewed it for its duration. */
export const isFree = ({ lease, sinceMs }: ObservedLease, defaultMs: number, nowMs: number): boolean => {
  const { holderIdentity, leaseDurationSeconds } = specOf(lease);
  const durationMs = leaseDurationSeconds === undefined ? defaultMs : leaseDurationSeconds * 1000;
  return !holderIdentity || nowMs >= sinceMs + durationMs;
};

/** Another process wrote the lease first. This is expected and not logged. */
export const isLostRace = (error: unknown): boolean =>
  error instanceof ApiError && (error.isConflict || error.isAlreadyExists);

interface LeaseClientOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly name: string;
  readonly clock: Clock;
  /** Timeout of a request. */
  readonly timeoutMs: number;
}

/** Reads and writes one Lease. No retries, because an election retries; a request never waits for other requests. */
export class LeaseClient {
  readonly #options: LeaseClientOptions;

  constructor(options: LeaseClientOptions) {
    this.#options = options;
  }

  /** Resolves with undefined if the Lease does not exist. */
  async read(signal?: AbortSignal): Promise<KubeObject | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await this.#call((options) => client.get(leases, { namespace, name }, options), signal);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /** Rejects if the Lease exists. */
  create(spec: LeaseSpec, signal?: AbortSignal): Promise<KubeObject> {
    const { client, namespace, name } = this.#options;
    const object = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace, name },
      spec,
    };
    return this.#call((options) => client.create(leases, object, options), signal);
  }

  /** Rejects with a conflict if the Lease is not as it was read. */
  replace(lease: KubeObject, spec: LeaseSpec, signal?: AbortSignal): Promise<KubeObject> {
    return this.#call((options) => this.#options.client.replace(leases, { ...lease, spec }, options), signal);
  }

  /** Rejects also if the request does not end long after its timeout: then the next attempt can succeed. */
  async #call<T>(send: (options: CallOptions) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    const late = Promise.withResolvers<never>();
    const error = new ConnectionError("ETIMEDOUT", new Error("the request does not end"));
    using _ = clock.setTimeout(() => late.reject(error), 2 * timeoutMs);
    const call = send({ timeoutMs, retries: 0, urgent: true, ...(signal && { signal }) });
    return await Promise.race([call, late.promise]);
  }
}
