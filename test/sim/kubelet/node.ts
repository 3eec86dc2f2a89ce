import { type Clock, sleep } from "../../../operator/runtime/clock.ts";
import { ApiError, type ApiClient, type ResourceType } from "../../../operator/runtime/client.ts";
import { heldSpec, leases } from "../../../operator/runtime/lease.ts";
import { timestamp } from "../apiserver/writes.ts";

const nodes: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
/** As the kubelet does: often enough that no controller takes the node for lost. */
const heartbeatMs = 10_000;

/** A node that nothing is scheduled on by itself: the puppet binds its pods, and no scheduler interferes. */
export class PuppetNode {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #name: string;

  constructor(client: ApiClient, clock: Clock, name: string) {
    this.#client = client;
    this.#clock = clock;
    this.#name = name;
  }

  /** Makes the node, and keeps it alive until the signal. */
  async join(signal: AbortSignal): Promise<() => Promise<void>> {
    const now = timestamp(this.#clock.now());
    const ready = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "kubelet is posting ready status",
    };
    const status = {
      conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }],
      capacity: { cpu: "1000", memory: "1000Gi", pods: "1000" },
      allocatable: { cpu: "1000", memory: "1000Gi", pods: "1000" },
    };
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: this.#name },
      spec: { unschedulable: true },
    };
    await ignoring("AlreadyExists", this.#client.create(nodes, { ...node, status }));
    const beating = this.#beat(signal);
    return async () => {
      await beating;
      await ignoring("NotFound", this.#client.delete(nodes, { name: this.#name }));
      await ignoring(
        "NotFound",
        this.#client.delete(leases, { namespace: "kube-node-lease", name: this.#name }),
      );
    };
  }

  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const holder = { identity: this.#name, durationMs: 40_000, nowMs: this.#clock.now() };
      const metadata = { name: this.#name, namespace: "kube-node-lease" };
      const lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata,
        spec: heldSpec({}, holder),
      };
      await this.#client.apply(leases, lease, { fieldManager: this.#name, force: true });
      await sleep(this.#clock, heartbeatMs, signal);
    }
  }
}

/** Waits for a call, and takes one kind of refusal for success. */
async function ignoring(reason: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === reason)) throw error;
  }
}
