import type { KubeObject } from "./kubernetes.ts";
import { objectKey } from "./kubernetes.ts";
import type { Store } from "./store.ts";

/** What happened to an object; `previous` is what the store held before. */
export interface Change<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
  readonly previous?: T | undefined;
}

interface StoreUpdaterOptions<T> {
  readonly store: Store<T>;
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly onChange: (change: Change<T>) => void;
  /** Called when `transform` or `onChange` threw: one odd object must not blind us for all others. */
  readonly onFault: (key: string, error: unknown) => void;
  readonly onMissedDelete: () => void;
}

/** How many deletions are remembered, so that a late event doesn't bring an object back to life. */
const maxTombstones = 1024;

/**
 * Whether version `a` is older than `b`. Versions are decimal numbers that grow (Kubernetes promises it since 1.35,
 * KEP-5504); of others we only know whether they are equal, and then nothing counts as older.
 */
const isOlder = (a: string, b: string): boolean => {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
};

/** A list in progress: what it names is put, what it did not name is deleted in the end. */
export interface Replacement {
  put(object: KubeObject): void;
  /** The list was complete; `version` is its own. */
  finish(version: string): void;
  /** To be called in any case: the list was taken over, or broke off. */
  close(): void;
}

/** Keeps a store equal to what the server told, and tells each real change once. */
export class StoreUpdater<T> {
  readonly #options: StoreUpdaterOptions<T>;
  readonly #versions = new Map<string, string>();
  readonly #tombstones = new Map<string, string>();
  /** For each list in progress what was learned since it was asked for: the list may be older. */
  readonly #sinceListed = new Set<Map<string, string>>();

  constructor(options: StoreUpdaterOptions<T>) {
    this.#options = options;
  }

  /** A watch said that the object is there. Duplicates and late events change nothing. */
  upsert(object: KubeObject): void {
    const { namespace, name, resourceVersion = "" } = object.metadata;
    const key = objectKey(namespace, name);
    const known = this.#versions.get(key) ?? this.#tombstones.get(key);
    if (known === resourceVersion || (known !== undefined && isOlder(resourceVersion, known))) return;
    for (const learned of this.#sinceListed) learned.set(key, resourceVersion);
    this.#put(key, object);
  }

  /** A watch said that the object is gone (or no longer selected). */
  remove(object: KubeObject): void {
    const { namespace, name, resourceVersion = "" } = object.metadata;
    const key = objectKey(namespace, name);
    const known = this.#versions.get(key);
    if (known === undefined || isOlder(resourceVersion, known)) return;
    this.#bury(key, resourceVersion);
    this.#drop(key, namespace, name);
  }

  /**
   * Starts taking over a list of one namespace or, without one, of all. A list is the truth whatever its versions
   * say: after a restore from a backup they are lower than before.
   */
  replace(namespace: string | undefined): Replacement {
    const seen = new Set<string>();
    const learned = new Map<string, string>();
    // What the list is younger than it would name: learned and gone again, with an end that no watch tells.
    const isNewer = (known: string | undefined, version: string): boolean =>
      known !== undefined && !isOlder(known, version);
    this.#sinceListed.add(learned);
    return {
      put: (object) => {
        const key = objectKey(object.metadata.namespace, object.metadata.name);
        seen.add(key);
        if (isOlder(object.metadata.resourceVersion ?? "", learned.get(key) ?? "")) return;
        if (this.#versions.get(key) !== object.metadata.resourceVersion) this.#put(key, object);
      },
      // Versions may have gone back, so deletions remembered from before say nothing any more.
      finish: (version) => {
        this.#tombstones.clear();
        for (const key of this.#versions.keys()) {
          if (
            seen.has(key) ||
            isNewer(learned.get(key), version) ||
            (namespace !== undefined && !key.startsWith(`${namespace}/`))
          )
            continue;
          this.#options.onMissedDelete();
          const slash = key.indexOf("/");
          this.#drop(key, slash === -1 ? undefined : key.slice(0, slash), key.slice(slash + 1));
        }
      },
      close: () => void this.#sinceListed.delete(learned),
    };
  }

  #put(key: string, object: KubeObject): void {
    const { store, transform } = this.#options;
    const { namespace, name, resourceVersion = "" } = object.metadata;
    this.#guard(key, () => {
      const kept = transform(object, store.get(namespace, name));
      this.#versions.set(key, resourceVersion);
      this.#tombstones.delete(key);
      const previous = store.set(namespace, name, kept);
      this.#tell(
        previous === undefined
          ? { type: "ADDED", object: kept }
          : { type: "MODIFIED", object: kept, previous },
      );
    });
  }

  #drop(key: string, namespace: string | undefined, name: string): void {
    this.#versions.delete(key);
    const previous = this.#options.store.delete(namespace, name);
    if (previous !== undefined)
      this.#guard(key, () => this.#tell({ type: "DELETED", object: previous, previous }));
  }

  #bury(key: string, resourceVersion: string): void {
    this.#tombstones.delete(key);
    this.#tombstones.set(key, resourceVersion);
    if (this.#tombstones.size <= maxTombstones) return;
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }

  #tell(change: Change<T>): void {
    this.#options.onChange(change);
  }

  #guard(key: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.onFault(key, error);
    }
  }
}
