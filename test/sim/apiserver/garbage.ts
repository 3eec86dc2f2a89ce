import type { KubeObject, OwnerReference } from "../../../operator/runtime/kubernetes.ts";
import { withMetadata } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import type { Store } from "./store.ts";

export interface GarbageOptions {
  readonly store: Store;
  /** Deletes an object as a client does. */
  readonly remove: (kind: Kind, object: KubeObject) => void;
  /** Writes changed metadata as a client does. */
  readonly write: (kind: Kind, object: KubeObject) => void;
}

const ownersOf = ({ metadata }: KubeObject): readonly OwnerReference[] => metadata.ownerReferences ?? [];

/**
 * Does the work of kube-controller-manager's garbage collector, soon after each change that makes work for it: deletes
 * objects that lost all owners, and orphans the dependents of an object with the finalizer `orphan`.
 */
export function collectGarbage({ store, remove, write }: GarbageOptions): void {
  let isScheduled = false;

  /** Keeps only the references to other owners. */
  const orphan = (owner: KubeObject): void => {
    for (const [kind, object] of store.all()) {
      const ownerReferences = ownersOf(object).filter(({ uid }) => uid !== owner.metadata.uid);
      if (ownerReferences.length < ownersOf(object).length)
        write(kind, withMetadata(object, { ownerReferences }));
    }
  };

  const sync = (kind: Kind, object: KubeObject, alive: ReadonlySet<string | undefined>): void => {
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined) {
      if (!finalizers.includes("orphan")) return;
      orphan(object);
      write(kind, withMetadata(object, { finalizers: finalizers.filter((one) => one !== "orphan") }));
      return;
    }
    const ownerReferences = ownersOf(object).filter(({ uid }) => alive.has(uid));
    if (ownerReferences.length === ownersOf(object).length) return;
    if (ownerReferences.length === 0) remove(kind, object);
    else write(kind, withMetadata(object, { ownerReferences }));
  };

  const syncAll = (): void => {
    isScheduled = false;
    const alive = new Set(store.all().map(([, { metadata }]) => metadata.uid));
    for (const [kind, { metadata }] of store.all()) {
      const object = store.get(kind, metadata.namespace, metadata.name);
      if (object !== undefined) sync(kind, object, alive);
    }
  };

  store.onChange(({ type, object, before }) => {
    const { ownerReferences, deletionTimestamp } = object.metadata;
    const isOwnedAnew = ownerReferences !== before?.metadata.ownerReferences;
    if (isScheduled || !(type === "DELETED" || isOwnedAnew || deletionTimestamp !== undefined)) return;
    isScheduled = true;
    setImmediate(syncAll);
  });
}
