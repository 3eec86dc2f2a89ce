import { isEqual } from "./equal.ts";
import type { KubeObject } from "./kubernetes.ts";
import { objectKey } from "./kubernetes.ts";
import type { Store } from "./store.ts";

/** A change of an object in a store. `previous` is the stored object before the change. */
export interface Change<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
  readonly previous?: T | undefined;
  /** True for an object of the first list: it is new to the cache, and probably unchanged for long. */
  readonly isInitial?: boolean | undefined;
}

interface StoreUpdaterOptions<T> {
  readonly store: Store<T>;
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly onChange: (change: Change<T>) => void;
  /** Called if `transform` or `onChange` throws: one bad object must not stop updates of all others. */
  readonly onError: (key: string, error: unknown) => void;
  readonly onMissedDelete: () => void;
}

/** Maximum number of tombstones. A tombstone has the version of a deleted object, so that late events can't restore it. */
const maxTombstones = 1024;

/**
 * True if resourceVersion `a` is older than `b`. Kubernetes guarantees since 1.35 (KEP-5504) that resourceVersions are
 * decimal numbers that increase. Others can be compared only for equality, so none is older.
 */
const isOlder = (a: string, b: string): boolean => {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
};

/** Replaces the store's content by a list in progress. */
export interface Replacement {
  /** Stores a listed object. */
  put(object: KubeObject): void;
  /** Takes a listed object off the list again: the object was deleted while the list was streamed. */
  drop(object: KubeObject): void;
  /** Deletes all objects that a complete list did not contain. `version` is the list's resourceVersion. */
  finish(version: string): void;
  /** Releases the replacement. Call it also if the list fails. */
  close(): void;
}

/** Updates a store from lists and watches, and reports each actual change once. */
export class StoreUpdater<T> {
  readonly #options: StoreUpdaterOptions<T>;
  readonly #versions = new Map<string, string>();
  readonly #tombstones = new Map<string, string>();
  /** The version of the last complete list, by namespace; the key "" is for lists of all namespaces. */
  readonly #listed = new Map<string, string>();
  /** For each list in progress, the versions stored since the list's request: the list may be older than they are. */
  readonly #storedSinceLists = new Set<Map<string, string>>();

  constructor(options: StoreUpdaterOptions<T>) {
    this.#options = options;
  }

  /**
   * Stores an object from a watch or a write. Ignores duplicate and late events, and late responses to writes: an object
   * that the last list did not contain is gone, unless its version is newer than the list.
   */
  upsert(object: KubeObject): void {
    const { namespace, name, resourceVersion = "" } = object.metadata;
    const key = objectKey(namespace, name);
    const listed = this.#listed.get(namespace ?? "") ?? this.#listed.get("");
    const known = this.#versions.get(key) ?? this.#tombstones.get(key) ?? listed;
    if (known === resourceVersion || (known !== undefined && isOlder(resourceVersion, known))) return;
    for (const stored of this.#storedSinceLists) stored.set(key, resourceVersion);
    this.#put(key, object);
  }

  /** Deletes an object after a DELETED watch event: the object is gone or no longer selected. */
  remove(object: KubeObject): void {
    const { namespace, name, resourceVersion = "" } = object.metadata;
    const key = objectKey(namespace, name);
    const known = this.#versions.get(key);
    if (known === undefined || isOlder(resourceVersion, known)) return;
    this.#addTombstone(key, resourceVersion);
    this.#delete(key, namespace, name);
  }

  /**
   * Starts a replacement by a list of one namespace, or of all. A list replaces stored objects even if its versions are
   * lower: etcd may have been restored from a backup.
   */
  replace(namespace: string | undefined): Replacement {
    const listed = new Set<string>();
    const stored = new Map<string, string>();
    const isInitial = !this.#listed.has(namespace ?? "");
    // An unlisted object is kept only if its version is not older than the list. An older one was deleted before the
    // list, without a watch event.
    const isNewer = (known: string | undefined, version: string): boolean =>
      known !== undefined && !isOlder(known, version);
    this.#storedSinceLists.add(stored);
    return {
      drop: ({ metadata }) => void listed.delete(objectKey(metadata.namespace, metadata.name)),
      put: (object) => {
        const key = objectKey(object.metadata.namespace, object.metadata.name);
        listed.add(key);
        if (isOlder(object.metadata.resourceVersion ?? "", stored.get(key) ?? "")) return;
        if (this.#versions.get(key) !== object.metadata.resourceVersion) this.#put(key, object, isInitial);
      },
      finish: (version) => {
        this.#listed.set(namespace ?? "", version);
        this.#prune(namespace, (key) => listed.has(key) || isNewer(stored.get(key), version));
      },
      close: () => void this.#storedSinceLists.delete(stored),
    };
  }

  /** Deletes all objects of a namespace, or of all namespaces: the API server does not serve the kind any more. */
  clear(namespace: string | undefined): void {
    this.#listed.delete(namespace ?? "");
    this.#prune(namespace, () => false);
  }

  #prune(namespace: string | undefined, isKept: (key: string) => boolean): void {
    const isInScope = (key: string): boolean => namespace === undefined || key.startsWith(`${namespace}/`);
    // After a restore from a backup, versions may be lower than those of tombstones: tombstones are invalid.
    for (const key of this.#tombstones.keys()) if (isInScope(key)) this.#tombstones.delete(key);
    for (const key of this.#versions.keys()) {
      if (!isInScope(key) || isKept(key)) continue;
      this.#options.onMissedDelete();
      const slash = key.indexOf("/");
      this.#delete(key, slash === -1 ? undefined : key.slice(0, slash), key.slice(slash + 1));
    }
  }

  #put(key: string, object: KubeObject, isInitial = false): void {
    const { store, transform, onChange } = this.#options;
    const { namespace, name, resourceVersion = "" } = object.metadata;
    this.#catchErrors(key, () => {
      const previous = store.get(namespace, name);
      const kept = transform(object, previous);
      this.#versions.set(key, resourceVersion);
      this.#tombstones.delete(key);
      // Only fields that the cache omits have changed.
      if (previous !== undefined && isEqual(kept, previous)) return;
      store.set(namespace, name, kept);
      onChange(
        previous === undefined
          ? { type: "ADDED", object: kept, isInitial }
          : { type: "MODIFIED", object: kept, previous },
      );
    });
  }

  #delete(key: string, namespace: string | undefined, name: string): void {
    this.#versions.delete(key);
    const { store, onChange } = this.#options;
    const previous = store.delete(namespace, name);
    if (previous !== undefined)
      this.#catchErrors(key, () => onChange({ type: "DELETED", object: previous, previous }));
  }

  #addTombstone(key: string, resourceVersion: string): void {
    this.#tombstones.delete(key);
    this.#tombstones.set(key, resourceVersion);
    if (this.#tombstones.size <= maxTombstones) return;
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }

  #catchErrors(key: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.onError(key, error);
    }
  }
}
