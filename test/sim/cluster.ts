import type { KubeObject } from "../../operator/runtime/kubernetes.ts";
import { equal } from "./apiserver/json.ts";
import { builtInKinds } from "./apiserver/kinds/builtin.ts";
import type { Kind } from "./apiserver/kinds/kind.ts";
import { type Change, Store } from "./apiserver/store.ts";
import { Writes, timestamp } from "./apiserver/writes.ts";
import { VirtualClock } from "./clock.ts";
import { type Workloads, type Write, reconcileAll } from "./controllers/reconcile.ts";
import { isControlledBy } from "./controllers/workload.ts";
import { type Behaviour, crash, lifecycle } from "./kubelet/lifecycle.ts";
import { type Step, statusAfter } from "./kubelet/status.ts";

const kinds = new Map(builtInKinds.map((kind) => [kind.kind, kind]));

function kindOf(name: string): Kind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

interface RunningPod {
  readonly steps: Iterator<Step, void>;
  next: Step | undefined;
  /** When `next` happens, in ms since 1970. */
  dueMs: number;
}

/**
 * A namespace in memory, without I/O: objects, the Deployment and ReplicaSet controllers, and a kubelet. Time passes
 * only with the clock's `jump`, and nothing happens until `run`.
 */
export class SimulatedCluster implements Workloads {
  readonly clock: VirtualClock;
  /** The most pods that the API server admits. */
  podQuota = Infinity;
  /** How long a deleted pod is terminating, in ms. */
  stopMs = 0;
  readonly #namespace: string;
  readonly #behaviourOf: (pod: KubeObject) => Behaviour;
  readonly #store = new Store();
  readonly #writes: Writes;
  readonly #running = new Map<string, RunningPod>();
  /** When each terminating pod is gone, in ms since 1970, by its name. */
  readonly #stopping = new Map<string, number>();
  #requeueAtMs = Infinity;
  #created = 0;

  constructor(namespace: string, startMs: number, behaviourOf: (pod: KubeObject) => Behaviour) {
    this.#namespace = namespace;
    this.#behaviourOf = behaviourOf;
    this.clock = new VirtualClock(startMs);
    const allowed = (): undefined => undefined;
    const allocate = (_: Kind, object: KubeObject): KubeObject => object;
    this.#writes = new Writes({ store: this.#store, clock: this.clock, admit: allowed, allocate });
  }

  get(kind: string, name: string): KubeObject | undefined {
    return this.#store.get(kindOf(kind), this.#namespace, name);
  }

  list(kind: string): readonly KubeObject[] {
    return this.#store.list(kindOf(kind));
  }

  onChange(listener: (change: Change) => void): void {
    this.#store.onChange(listener);
  }

  create(object: KubeObject, manager: string): void {
    this.#writes.create({ kind: kindOf(object.kind), manager }, object);
  }

  /** Forced server-side apply. */
  apply(object: KubeObject, manager: string): void {
    const context = { kind: kindOf(object.kind), manager, force: true };
    const live = this.get(object.kind, object.metadata.name);
    if (live === undefined) this.#writes.create(context, object, object);
    else this.#writes.apply(context, live, object);
  }

  /** Updates an object on behalf of a field manager, which may also change managedFields. */
  update(live: KubeObject, manager: string, changed: KubeObject): void {
    this.#writes.update({ kind: kindOf(live.kind), manager }, live, changed);
  }

  /** Deletes an object and everything that it controls: pods after `stopMs`, other objects at once. */
  delete(object: KubeObject): void {
    if (object.kind === "Pod" && this.stopMs > 0) return this.#stop(object);
    this.#store.remove(kindOf(object.kind), object);
    for (const kind of ["ReplicaSet", "Pod"])
      for (const child of this.list(kind)) if (isControlledBy(child, object)) this.delete(child);
  }

  #stop(pod: KubeObject): void {
    if (this.#stopping.has(pod.metadata.name)) return;
    this.#stopping.set(pod.metadata.name, this.clock.now() + this.stopMs);
    const deletionTimestamp = timestamp(this.clock.now());
    this.#store.put(kindOf("Pod"), { ...pod, metadata: { ...pod.metadata, deletionTimestamp } });
  }

  /** Removes the pods that have stopped. */
  #removeStopped(): void {
    for (const [name, goneMs] of this.#stopping) {
      if (goneMs > this.clock.now()) continue;
      const pod = this.get("Pod", name);
      if (pod) this.#store.remove(kindOf("Pod"), pod);
      this.#stopping.delete(name);
    }
  }

  /** Lets the container of a pod fail now, whatever the pod's behaviour; the kubelet restarts the container. */
  crash(pod: KubeObject): void {
    this.#show(pod, crash, this.clock.now());
    this.restart(pod);
  }

  /** Lets a pod's lifecycle begin again. */
  restart({ metadata: { uid = "" } }: KubeObject): void {
    this.#running.delete(uid);
  }

  /** When controllers or the kubelet have work to do next, in ms since 1970; Infinity for never. */
  get nextMs(): number {
    const due = [...this.#running.values()].map(({ dueMs }) => dueMs);
    return Math.min(this.#requeueAtMs, ...due, ...this.#stopping.values());
  }

  /** Does all work of the controllers and of the kubelet that is due now. */
  run(): void {
    for (let passes = 0; passes < 100; passes += 1) {
      const { revision } = this.#store;
      this.#removeStopped();
      this.#runPods();
      this.#requeueAtMs = reconcileAll(this, this.clock.now());
      if (this.#store.revision === revision) return;
    }
    throw new Error("the controllers do not come to rest");
  }

  #runPods(): void {
    const pods = new Map(this.list("Pod").map((pod) => [pod.metadata.uid ?? "", pod]));
    for (const uid of this.#running.keys()) if (!pods.has(uid)) this.#running.delete(uid);
    for (const [uid, pod] of pods) {
      const running = this.#running.get(uid) ?? this.#start(pod);
      this.#running.set(uid, running);
      let live = pod;
      while (running.next !== undefined && running.dueMs <= this.clock.now()) {
        live = this.#show(live, running.next, running.dueMs);
        advance(running);
      }
    }
  }

  #start(pod: KubeObject): RunningPod {
    const steps = lifecycle(pod, this.#behaviourOf(pod));
    return advance({ steps, next: undefined, dueMs: this.clock.now() });
  }

  #show(pod: KubeObject, step: Step, nowMs: number): KubeObject {
    return this.#store.put(kindOf("Pod"), { ...pod, status: statusAfter(step, pod, nowMs) });
  }

  /** Stores a controller's write. Unlike the writes of clients, the write is not recorded in managedFields. */
  write({ verb, object }: Write): string | undefined {
    const kind = kindOf(object.kind);
    const { metadata } = object;
    if (verb === "create" && object.kind === "Pod" && this.list("Pod").length >= this.podQuota)
      return "pods are forbidden: exceeded quota: pods";
    if (verb === "delete") this.delete(object);
    else if (verb === "create") this.#create(kind, object);
    else if (verb === "update-status") this.#store.put(kind, object);
    else {
      const isSame = equal(this.get(object.kind, metadata.name)?.["spec"], object["spec"]);
      const generation = (metadata.generation ?? 0) + (isSame ? 0 : 1);
      this.#store.put(kind, { ...object, metadata: { ...metadata, generation } });
    }
    return undefined;
  }

  #create(kind: Kind, object: KubeObject): void {
    this.#created += 1;
    const { generateName } = object.metadata as { readonly generateName?: string };
    const name = object.metadata.name || `${generateName}${this.#created}`;
    const creationTimestamp = timestamp(this.clock.now());
    const metadata = { ...object.metadata, name, uid: `uid-${name}`, generation: 1, creationTimestamp };
    this.#store.put(kind, { ...object, metadata });
  }
}

/** Moves on to the next step. */
function advance(running: RunningPod): RunningPod {
  const { value, done } = running.steps.next();
  running.next = done === true || !value ? undefined : value;
  running.dueMs = running.next === undefined ? Infinity : running.dueMs + running.next.delayMs;
  return running;
}
