import type { Clock, Timer } from "../../operator/runtime/clock.ts";
import type { KubeObject } from "../../operator/runtime/kubernetes.ts";
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
export class WorkloadControllers implements Workloads {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #writer: Insider;
  #unsubscribe: (() => void) | undefined;
  #timer: Timer | undefined;
  #isScheduled = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#writer = new Insider(api, "kube-controller-manager");
  }

  /** Reconciles soon, and again after each change of a Deployment, ReplicaSet or pod. */
  start(): void {
    this.#unsubscribe = this.#api.store.onChange(({ kind }) => {
      if (kind.kind in resources) this.#schedule();
    });
    this.#schedule();
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#timer?.[Symbol.dispose]();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#unsubscribe !== undefined) this.#reconcile();
    });
  }

  #reconcile(): void {
    const requeueAtMs = reconcileAll(this, this.#clock.now());
    this.#timer?.[Symbol.dispose]();
    if (!Number.isFinite(requeueAtMs)) return;
    const delayMs = Math.max(0, requeueAtMs - this.#clock.now());
    this.#timer = this.#clock.setTimeout(() => this.#schedule(), delayMs);
  }

  list(kind: WorkloadKind): readonly KubeObject[] {
    return this.#api.store.list(this.#api.kind(resources[kind]));
  }

  write({ verb, object }: Write): string | undefined {
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
