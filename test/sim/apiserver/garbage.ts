import type { KubeObject, OwnerReference } from "../../../operator/runtime/kubernetes.ts";
import { compact } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import type { Change, Store } from "./store.ts";

interface Dependent {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface GarbageOptions {
  readonly store: Store;
  /** Deletes as a client would. */
  readonly remove: (kind: Kind, object: KubeObject) => void;
  /** Writes changed metadata as a client would. */
  readonly write: (kind: Kind, object: KubeObject) => void;
  /** Runs a task soon, but not now. */
  readonly defer: (task: () => void) => void;
}

const ownersOf = (object: KubeObject): readonly OwnerReference[] => object.metadata.ownerReferences ?? [];

/** What the garbage collector of kube-controller-manager does: dependents go with their owners, or are orphaned. */
class GarbageCollector {
  readonly #options: GarbageOptions;
  readonly #dependents = new Map<string, Map<string, Dependent>>();
  readonly #alive = new Set<string>();

  constructor(options: GarbageOptions) {
    this.#options = options;
  }

  /** Takes note of a write, and does what follows from it. */
  see({ type, kind, object }: Change): void {
    const { uid = "", namespace, name, finalizers = [], deletionTimestamp } = object.metadata;
    if (type === "DELETED") {
      this.#alive.delete(uid);
      this.#forEachDependent(uid, (dependent) => this.#collect(dependent));
      return;
    }
    this.#alive.add(uid);
    const owners = ownersOf(object);
    for (const owner of owners) {
      const known = this.#dependents.get(owner.uid) ?? new Map<string, Dependent>();
      this.#dependents.set(owner.uid, known.set(uid, { kind, namespace, name }));
    }
    if (owners.some((owner) => !this.#alive.has(owner.uid)))
      this.#options.defer(() => this.#collect({ kind, namespace, name }));
    if (deletionTimestamp === undefined) return;
    if (finalizers.includes("orphan")) this.#options.defer(() => this.#orphan({ kind, namespace, name }));
    if (finalizers.includes("foregroundDeletion"))
      this.#options.defer(() => this.#deleteForeground({ kind, namespace, name }));
  }

  #forEachDependent(uid: string, task: (dependent: Dependent) => void): void {
    for (const dependent of this.#dependents.get(uid)?.values() ?? [])
      this.#options.defer(() => {
        task(dependent);
      });
    this.#dependents.delete(uid);
  }

  #get({ kind, namespace, name }: Dependent): KubeObject | undefined {
    return this.#options.store.get(kind, namespace, name);
  }

  /** Deletes an object none of whose owners is left; a reference to one that is gone goes. */
  #collect(dependent: Dependent): void {
    const object = this.#get(dependent);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const owners = ownersOf(object);
    const left = owners.filter((owner) => this.#alive.has(owner.uid));
    if (left.length === owners.length) return;
    if (left.length === 0) this.#options.remove(dependent.kind, object);
    else this.#options.write(dependent.kind, withOwners(object, left));
  }

  #orphan(owner: Dependent): void {
    const object = this.#get(owner);
    if (object === undefined) return;
    const { uid = "" } = object.metadata;
    for (const dependent of this.#dependents.get(uid)?.values() ?? []) {
      const child = this.#get(dependent);
      const left = child && ownersOf(child).filter((one) => one.uid !== uid);
      if (child && left) this.#options.write(dependent.kind, withOwners(child, left));
    }
    this.#dependents.delete(uid);
    this.#options.write(owner.kind, withoutFinalizer(object, "orphan"));
  }

  /** The owner goes once all dependents that block it are gone: each of them comes back here. */
  #deleteForeground(owner: Dependent): void {
    const object = this.#get(owner);
    if (object === undefined) return;
    const dependents = [...(this.#dependents.get(object.metadata.uid ?? "")?.values() ?? [])];
    const left = dependents.flatMap((dependent) => this.#get(dependent) ?? []);
    const blocking = left.filter((child) =>
      ownersOf(child).some((one) => one.uid === object.metadata.uid && one.blockOwnerDeletion === true),
    );
    for (const dependent of dependents) {
      const child = this.#get(dependent);
      if (child !== undefined && child.metadata.deletionTimestamp === undefined)
        this.#options.remove(dependent.kind, child);
    }
    const isBlocked = blocking.some((child) => this.#alive.has(child.metadata.uid ?? ""));
    if (isBlocked) this.#options.defer(() => this.#deleteForeground(owner));
    else this.#options.write(owner.kind, withoutFinalizer(object, "foregroundDeletion"));
  }
}

const withMetadata = (object: KubeObject, change: Partial<KubeObject["metadata"]>): KubeObject => ({
  ...object,
  metadata: compact({ ...object.metadata, ...change }) as unknown as KubeObject["metadata"],
});

const withOwners = (object: KubeObject, ownerReferences: readonly OwnerReference[]): KubeObject =>
  withMetadata(object, { ownerReferences });

const withoutFinalizer = (object: KubeObject, finalizer: string): KubeObject =>
  withMetadata(object, { finalizers: (object.metadata.finalizers ?? []).filter((one) => one !== finalizer) });

/** Collects garbage from now on. */
export const collectGarbage = (options: GarbageOptions): void => {
  const collector = new GarbageCollector(options);
  options.store.onChange((change) => collector.see(change));
};
