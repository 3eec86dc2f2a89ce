import { type KubeObject, objectKey } from "../../../operator/runtime/kubernetes.ts";
import { withMetadata } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import { Refusal } from "./refusal.ts";

/** One committed write. */
export interface Change {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

type Objects = Map<string, KubeObject>;

const keyOf = ({ metadata: { namespace, name } }: KubeObject): string => objectKey(namespace, name);

/** The fake's etcd: versioned objects, their history, and listeners for changes. */
export class Store {
  readonly #objects = new Map<Kind, Objects>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #revision = 1000;
  /** The history up to this revision is gone. */
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#of(kind).get(objectKey(namespace, name));
  }

  /** The objects in the order of their keys, as etcd returns them. */
  list(kind: Kind, namespace?: string): readonly KubeObject[] {
    const entries = [...this.#of(kind)];
    const prefix = `${namespace}/`;
    const found = namespace === undefined ? entries : entries.filter(([key]) => key.startsWith(prefix));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** All objects of all kinds. */
  all(): readonly (readonly [Kind, KubeObject])[] {
    return [...this.#objects].flatMap(([kind, objects]) =>
      [...objects.values()].map((object) => [kind, object] as const),
    );
  }

  /** Stores an object under a new resourceVersion and calls the listeners. */
  put(kind: Kind, object: KubeObject): KubeObject {
    const before = this.#of(kind).get(keyOf(object));
    const stored = this.#versioned(object);
    this.#of(kind).set(keyOf(stored), stored);
    this.#commit({ type: before === undefined ? "ADDED" : "MODIFIED", kind, object: stored, before });
    return stored;
  }

  /** Removes an object and calls the listeners. The change has the revision of the deletion. */
  remove(kind: Kind, object: KubeObject): KubeObject {
    this.#of(kind).delete(keyOf(object));
    const last = this.#versioned(object);
    this.#commit({ type: "DELETED", kind, object: last, before: object });
    return last;
  }

  /** The changes of a kind after a revision; throws `Expired` if the history does not reach back to it. */
  since(kind: Kind, revision: number): readonly Change[] {
    if (revision < this.#compacted)
      throw new Refusal(410, `too old resource version: ${revision} (${this.#compacted})`);
    return this.#history.filter((change) => change.kind === kind && change.revision > revision);
  }

  /** Drops the history, as etcd's compaction does: no watch can start at an older revision. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history = [];
  }

  /** Calls `listener` after each write, until the caller calls the returned function. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(kind: Kind): Objects {
    const objects = this.#objects.get(kind) ?? new Map<string, KubeObject>();
    this.#objects.set(kind, objects);
    return objects;
  }

  #versioned(object: KubeObject): KubeObject {
    this.#revision += 1;
    return withMetadata(object, { resourceVersion: String(this.#revision) });
  }

  #commit(change: Omit<Change, "revision">): void {
    const committed = { ...change, revision: this.#revision };
    this.#history.push(committed);
    for (const listener of this.#listeners) listener(committed);
  }
}
