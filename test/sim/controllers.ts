import type { Clock, Timer } from "../../operator/runtime/clock.ts";
import type { Api } from "./apiserver/api.ts";
import { Insider } from "./apiserver/insider.ts";
import { Refusal } from "./apiserver/refusal.ts";
import { type WorkloadKind, type Workloads, type Write, reconcileAll } from "./controllers/reconcile.ts";

const resources: Readonly<Record<WorkloadKind, string>> = {
  Deployment: "deployments.apps",
  ReplicaSet: "replicasets.apps",
  Pod: "pods.",
};

/** Runs the Deployment controller and the ReplicaSet controller on the fake API server. */
export class WorkloadControllers {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #writer: Insider;
  #unsubscribe: (() => void) | undefined;
  #timer: Timer | undefined;
  #isScheduled = false;
  /** When to reconcile each namespace, in ms since 1970. */
  readonly #dueMs = new Map<string, number>();

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#writer = new Insider(api, "kube-controller-manager");
  }

  /** Reconciles all namespaces soon, and a namespace again after each change of its Deployments, ReplicaSets or pods. */
  start(): void {
    const { store } = this.#api;
    this.#unsubscribe = store.onChange(({ kind, object: { metadata } }) => {
      if (kind.kind in resources) this.#schedule(metadata.namespace);
    });
    for (const { metadata } of store.list(this.#api.kind("namespaces."))) this.#schedule(metadata.name);
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#timer?.[Symbol.dispose]();
  }

  /** Reconciles soon what is due, and the namespace in any case. */
  #schedule(namespace?: string): void {
    if (namespace !== undefined) this.#dueMs.set(namespace, 0);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#unsubscribe !== undefined) this.#reconcile(this.#clock.now());
    });
  }

  #reconcile(nowMs: number): void {
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs);
    for (const [namespace] of due) {
      this.#dueMs.delete(namespace);
      const requeueAtMs = reconcileAll(this.#workloadsOf(namespace), nowMs);
      // The writes of this reconciliation make the namespace due again.
      this.#dueMs.set(namespace, Math.min(requeueAtMs, this.#dueMs.get(namespace) ?? Infinity));
    }
    this.#timer?.[Symbol.dispose]();
    const nextMs = Math.min(Infinity, ...this.#dueMs.values());
    if (!Number.isFinite(nextMs)) return;
    this.#timer = this.#clock.setTimeout(() => this.#schedule(), Math.max(0, nextMs - this.#clock.now()));
  }

  #workloadsOf(namespace: string): Workloads {
    const { store } = this.#api;
    return {
      list: (kind) => store.list(this.#api.kind(resources[kind]), namespace),
      write: (write) => this.#write(write),
    };
  }

  #write({ verb, object }: Write): string | undefined {
    const resource = resources[object.kind as WorkloadKind];
    try {
      if (verb === "create") this.#writer.create(resource, object);
      else if (verb === "delete") this.#writer.delete(resource, object);
      else this.#writer.update(resource, object, verb === "update-status" ? "status" : undefined);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }
}
