import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { objectKey } from "../../../operator/runtime/kubernetes.ts";
import { type Kind, keyOf } from "./kinds/kind.ts";
import { expired } from "./refusal.ts";

/** One committed write. */
export interface Change {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

interface Collection {
  readonly objects: Map<string, KubeObject>;
  history: Change[];
}

/** Changes per collection that a watch can still start before. */
const historyLimit = 20_000;

const nameOf = ({ metadata: { namespace, name } }: KubeObject): string => objectKey(namespace, name);

/** What etcd is to the API server: versioned objects, their history, and who wants to hear of changes. */
export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Set<(change: Change) => void>();
  #revision = 1000;
  /** Revisions up to here are forgotten. */
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#collection(kind).objects.get(objectKey(namespace, name));
  }

  /** In the order of their keys, as etcd has them. */
  list(kind: Kind, namespace?: string): readonly KubeObject[] {
    const entries = [...this.#collection(kind).objects];
    const prefix = `${namespace}/`;
    const found = namespace === undefined ? entries : entries.filter(([key]) => key.startsWith(prefix));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Stores an object under a new resourceVersion and tells everyone. */
  put(kind: Kind, object: KubeObject): KubeObject {
    const before = this.#collection(kind).objects.get(nameOf(object));
    const stored = this.#versioned(object);
    this.#collection(kind).objects.set(nameOf(stored), stored);
    this.#tell({ type: before === undefined ? "ADDED" : "MODIFIED", kind, object: stored, before });
    return stored;
  }

  /** Forgets an object and tells everyone; the event carries the revision of the deletion. */
  remove(kind: Kind, object: KubeObject): KubeObject {
    this.#collection(kind).objects.delete(nameOf(object));
    const last = this.#versioned(object);
    this.#tell({ type: "DELETED", kind, object: last, before: object });
    return last;
  }

  /** The changes of a collection after a revision; throws `Expired` if some of them are forgotten. */
  since(kind: Kind, revision: number): readonly Change[] {
    if (revision < this.#compacted)
      throw expired(`too old resource version: ${revision} (${this.#compacted})`);
    const { history } = this.#collection(kind);
    return history.slice(history.findLastIndex((change) => change.revision <= revision) + 1);
  }

  /** Forgets all history, as etcd's compaction does: older revisions are gone for watches. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const collection of this.#collections.values()) collection.history = [];
  }

  /** Calls `listener` after each write, until the returned function is called. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #collection(kind: Kind): Collection {
    const key = keyOf(kind);
    const known = this.#collections.get(key);
    if (known !== undefined) return known;
    const made: Collection = { objects: new Map(), history: [] };
    this.#collections.set(key, made);
    return made;
  }

  #versioned(object: KubeObject): KubeObject {
    this.#revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #tell(change: Omit<Change, "revision">): void {
    const full = { ...change, revision: this.#revision };
    const collection = this.#collection(change.kind);
    collection.history.push(full);
    if (collection.history.length > 2 * historyLimit) {
      const dropped = collection.history.splice(0, historyLimit);
      this.#compacted = Math.max(this.#compacted, dropped.at(-1)?.revision ?? 0);
    }
    for (const listener of this.#listeners) listener(full);
  }
}
