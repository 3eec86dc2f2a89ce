import type { Clock, Timer } from "../../operator/runtime/clock.ts";
import { type KubeObject, objectKey } from "../../operator/runtime/kubernetes.ts";
import type { Api } from "./apiserver/api.ts";
import { Insider } from "./apiserver/insider.ts";
import { Refusal } from "./apiserver/refusal.ts";
import { type Reconciliation, type Write, reconcile } from "./controllers/reconcile.ts";
import { controllerOf } from "./controllers/workload.ts";

const resources: Readonly<Record<string, string>> = {
  Deployment: "deployments.apps",
  ReplicaSet: "replicasets.apps",
  Pod: "pods.",
};

/** Runs the Deployment controller and the ReplicaSet controller on the fake API server. */
export class WorkloadControllers {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #writer: Insider;
  /** Deployments and ReplicaSets to reconcile, as `Kind namespace/name`. */
  readonly #queue = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  #unsubscribe: (() => void) | undefined;
  #isScheduled = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#writer = new Insider(api, "kube-controller-manager");
  }

  /** Reconciles all objects, and from now on each object whose own state or child changes. */
  start(): void {
    this.#unsubscribe = this.#api.store.onChange(({ object }) => this.#enqueueFor(object));
    for (const kind of Object.keys(resources))
      for (const object of this.#list(kind)) this.#enqueueFor(object);
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    this.#queue.clear();
  }

  #list(kind: string, namespace?: string): readonly KubeObject[] {
    return this.#api.store.list(this.#api.kind(resources[kind] ?? ""), namespace);
  }

  #enqueueFor(object: KubeObject): void {
    const { kind, metadata } = object;
    if (resources[kind] === undefined) return;
    const owner = controllerOf(object);
    if (kind !== "Pod") this.#enqueue(`${kind} ${objectKey(metadata.namespace, metadata.name)}`);
    if (kind !== "Deployment" && owner !== undefined)
      this.#enqueue(`${owner.kind} ${objectKey(metadata.namespace, owner.name)}`);
  }

  #enqueue(key: string): void {
    this.#queue.add(key);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const keys = [...this.#queue];
      this.#queue.clear();
      if (this.#unsubscribe !== undefined) for (const queued of keys) this.#process(queued);
    });
  }

  #process(key: string): void {
    const [kind = "", namespace = "", name = ""] = key.split(/[ /]/);
    const resource = resources[kind];
    const object = resource && this.#api.store.get(this.#api.kind(resource), namespace, name);
    if (!object) return;
    const list = (child: string): readonly KubeObject[] => this.#list(child, namespace);
    const atMs = this.#perform(reconcile(object, { list, nowMs: this.#clock.now() }));
    const timer = this.#timers.get(key);
    if (timer !== undefined) this.#clock.clearTimeout(timer);
    this.#timers.delete(key);
    if (!Number.isFinite(atMs)) return;
    const delayMs = Math.max(0, atMs - this.#clock.now());
    this.#timers.set(
      key,
      this.#clock.setTimeout(() => this.#enqueue(key), delayMs),
    );
  }

  /** Makes the writes and returns when to reconcile again. */
  #perform({ writes, requeueAtMs, ifRefused }: Reconciliation): number {
    try {
      for (const write of writes) this.#write(write);
    } catch (error) {
      if (!(error instanceof Refusal) || ifRefused === undefined) throw error;
      return this.#perform(ifRefused(error.message));
    }
    return requeueAtMs;
  }

  #write({ verb, object }: Write): void {
    const resource = resources[object.kind] ?? "";
    if (verb === "create") this.#writer.create(resource, object);
    else if (verb === "delete") this.#writer.delete(resource, object);
    else if (verb === "update") this.#writer.update(resource, object);
    else this.#writer.update(resource, object, "status");
  }
}
