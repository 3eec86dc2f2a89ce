import { type Clock, sleep } from "../../../operator/runtime/clock.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { heldSpec, leases } from "../../../operator/runtime/lease.ts";
import { clusterWide } from "../../../tools/objects.ts";
import { timestamp } from "../apiserver/writes.ts";

const nodes = clusterWide("", "nodes", "Node");
/** The kubelet's own interval; without renewals the node lifecycle controller would mark the node as unreachable. */
const heartbeatMs = 10_000;

/** A Node object without a machine. It is unschedulable: the fake kubelet binds the pods, not a scheduler. */
export class FakeNode {
  readonly name: string;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #heartbeat: Promise<void> | undefined;

  constructor(client: ApiClient, clock: Clock, name: string) {
    this.name = name;
    this.#client = client;
    this.#clock = clock;
  }

  get #leaseRef() {
    return { name: this.name, namespace: "kube-node-lease" };
  }

  /** Creates the node and renews its lease until the node is removed. */
  async create(): Promise<void> {
    const now = timestamp(this.#clock.now());
    const times = { lastHeartbeatTime: now, lastTransitionTime: now };
    const message = "kubelet is posting ready status";
    const capacity = { cpu: "1000", memory: "1000Gi", pods: "1000" };
    const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message, ...times }];
    await this.#client.create(nodes, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: this.name },
      spec: { unschedulable: true },
      status: { conditions, capacity, allocatable: capacity },
    });
    this.#heartbeat = this.#renewLease(this.#abort.signal);
  }

  async remove(): Promise<void> {
    this.#abort.abort();
    await this.#heartbeat;
    await this.#client.delete(nodes, { name: this.name });
    await this.#client.delete(leases, this.#leaseRef);
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const holder = { identity: this.name, durationMs: 40_000, isRenewal: false };
      const spec = heldSpec({}, { ...holder, nowMs: this.#clock.now() });
      const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: this.#leaseRef, spec };
      await this.#client.apply(leases, lease, { fieldManager: this.name, force: true });
      await sleep(this.#clock, heartbeatMs, signal);
    }
  }
}
