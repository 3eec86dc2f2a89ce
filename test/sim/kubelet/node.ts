import { type Clock, sleep } from "../../../operator/runtime/clock.ts";
import { ApiError, type ApiClient, type ResourceType } from "../../../operator/runtime/client.ts";
import { heldSpec, leases } from "../../../operator/runtime/lease.ts";
import { timestamp } from "../apiserver/writes.ts";

const nodes: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
/** The kubelet's own interval; without renewals the node lifecycle controller would mark the node as unreachable. */
const heartbeatMs = 10_000;

/** A Node object without a machine. It is unschedulable: the fake kubelet binds the pods, not a scheduler. */
export class FakeNode {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #name: string;

  constructor(client: ApiClient, clock: Clock, name: string) {
    this.#client = client;
    this.#clock = clock;
    this.#name = name;
  }

  /** Creates the node and renews its lease until the signal; the returned function removes both. */
  async join(signal: AbortSignal): Promise<() => Promise<void>> {
    const now = timestamp(this.#clock.now());
    const times = { lastHeartbeatTime: now, lastTransitionTime: now };
    const message = "kubelet is posting ready status";
    const capacity = { cpu: "1000", memory: "1000Gi", pods: "1000" };
    const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message, ...times }];
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: this.#name },
      spec: { unschedulable: true },
      status: { conditions, capacity, allocatable: capacity },
    };
    await ignoring("AlreadyExists", this.#client.create(nodes, node));
    const heartbeat = this.#renewLease(signal);
    return async () => {
      await heartbeat;
      await ignoring("NotFound", this.#client.delete(nodes, node.metadata));
      await ignoring("NotFound", this.#client.delete(leases, this.#leaseName));
    };
  }

  get #leaseName() {
    return { name: this.#name, namespace: "kube-node-lease" };
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const spec = heldSpec({}, { identity: this.#name, durationMs: 40_000, nowMs: this.#clock.now() });
      const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: this.#leaseName, spec };
      await this.#client.apply(leases, lease, { fieldManager: this.#name, force: true });
      await sleep(this.#clock, heartbeatMs, signal);
    }
  }
}

/** Awaits a call and accepts an API error with the given reason. */
async function ignoring(reason: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === reason)) throw error;
  }
}
