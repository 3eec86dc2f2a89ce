import type { Clock, Timer } from "../../operator/runtime/clock.ts";
import { type KubeObject, objectKey } from "../../operator/runtime/kubernetes.ts";
import type { Api } from "./apiserver/api.ts";
import { Insider } from "./apiserver/insider.ts";
import { type Kind, keyOf } from "./apiserver/kinds/kind.ts";
import type { Change } from "./apiserver/store.ts";
import { syncDeployment } from "./controllers/deployment.ts";
import { syncReplicaSet } from "./controllers/replicaset.ts";
import { controllerOf } from "./controllers/workload.ts";

/** What of kube-controller-manager makes Deployments into pods, for a server that has no such thing. */
export class WorkloadControllers {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #writer: Insider;
  readonly #due = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  /** By the uid of their controller. */
  readonly #owned = new Map<string, Map<string, KubeObject>>();
  readonly #kinds: { readonly deployment: Kind; readonly set: Kind; readonly pod: Kind };
  #unsubscribe: (() => void) | undefined;
  #scheduled = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#writer = new Insider(api, "kube-controller-manager");
    this.#kinds = {
      deployment: api.kind("deployments.apps"),
      set: api.kind("replicasets.apps"),
      pod: api.kind("pods."),
    };
  }

  /** Does all that is due, and from now on what each change asks for, soon after it. */
  start(): void {
    this.#unsubscribe = this.#api.store.onChange((change) => this.#see(change));
    const { deployment, set, pod } = this.#kinds;
    for (const kind of [deployment, set, pod])
      for (const object of this.#api.store.list(kind)) this.#see({ type: "ADDED", kind, object });
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    this.#due.clear();
  }

  #see({ type, kind, object }: Pick<Change, "type" | "kind" | "object">): void {
    const { deployment, set, pod } = this.#kinds;
    if (kind === set || kind === pod) this.#remember(object, type === "DELETED");
    if (kind === deployment || kind === set) this.#mark(kind, object);
    if (kind === set) this.#markOwner(object, deployment);
    if (kind === pod) this.#markOwner(object, set);
  }

  #remember(object: KubeObject, isGone: boolean): void {
    const { uid = "" } = object.metadata;
    const owner = controllerOf(object)?.uid;
    if (owner === undefined) return;
    const owned = this.#owned.get(owner) ?? new Map<string, KubeObject>();
    if (isGone) owned.delete(uid);
    else owned.set(uid, object);
    if (owned.size === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, owned);
  }

  #markOwner(object: KubeObject, kind: Kind): void {
    const owner = controllerOf(object);
    if (owner?.kind === kind.kind) this.#markKey(kind, objectKey(object.metadata.namespace, owner.name));
  }

  #mark(kind: Kind, { metadata: { namespace, name } }: KubeObject): void {
    this.#markKey(kind, objectKey(namespace, name));
  }

  #markKey(kind: Kind, key: string): void {
    this.#due.add(`${keyOf(kind)} ${key}`);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    if (this.#unsubscribe === undefined) return;
    const due = [...this.#due];
    this.#due.clear();
    for (const entry of due) {
      const [kindKey = "", key = ""] = entry.split(" ");
      const [namespace = "", name = ""] = key.split("/");
      const kind = this.#api.kind(kindKey);
      const object = this.#api.store.get(kind, namespace, name);
      if (object !== undefined) this.#lookAgain(kind, key, this.#sync(kind, object));
    }
  }

  /** Gives the time at which the object has to be looked at again, in ms. */
  #sync(kind: Kind, object: KubeObject): number {
    const nowMs = this.#clock.now();
    // In the order in which they were made, whatever their names.
    const owned = [...(this.#owned.get(object.metadata.uid ?? "")?.values() ?? [])].filter(
      (one) => controllerOf(one)?.uid === object.metadata.uid,
    );
    return kind === this.#kinds.deployment
      ? syncDeployment(this.#writer, object, { owned, nowMs })
      : syncReplicaSet(this.#writer, object, { pods: owned, nowMs });
  }

  #lookAgain(kind: Kind, key: string, atMs: number): void {
    const id = `${keyOf(kind)} ${key}`;
    const timer = this.#timers.get(id);
    if (timer !== undefined) this.#clock.clearTimeout(timer);
    this.#timers.delete(id);
    if (!Number.isFinite(atMs)) return;
    const delayMs = Math.max(0, atMs - this.#clock.now());
    this.#timers.set(
      id,
      this.#clock.setTimeout(() => this.#markKey(kind, key), delayMs),
    );
  }
}
