/** `change`: something happened to the key's objects. `resync`: a first list, after which most keys need no write. */
export type Lane = "change" | "resync";

/** One of this many keys is taken from the lane `resync` first, so that changes can't starve it. */
const resyncShare = 4;

/** A waiting key. */
export interface Waiting {
  readonly key: string;
  readonly lane: Lane;
  /** Monotonic time when the key was added. */
  readonly addedMs: number;
}

/** The namespace of a key `namespace/name`; empty for a key without a namespace. */
export const namespaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf("/")));

/**
 * Keys that wait for a worker. Changes come before resyncs. In a lane, namespaces take turns and the keys of a namespace
 * are in FIFO order.
 */
export class Lanes {
  readonly #waiting = new Map<string, Waiting>();
  /** Keys by namespace; the namespace whose turn is next comes first. */
  readonly #lanes: Readonly<Record<Lane, Map<string, Set<string>>>> = {
    change: new Map(),
    resync: new Map(),
  };
  #taken = 0;

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Adds a key. A key that waits as a resync becomes a change if it is added as one. */
  add(waiting: Waiting): void {
    const { key, lane } = waiting;
    const known = this.#waiting.get(key);
    if (known !== undefined && (known.lane === lane || lane === "resync")) return;
    if (known !== undefined) this.#remove(known);
    this.#waiting.set(key, { ...waiting, addedMs: known?.addedMs ?? waiting.addedMs });
    const namespace = namespaceOf(key);
    const keys = this.#lanes[lane].get(namespace) ?? new Set();
    this.#lanes[lane].set(namespace, keys.add(key));
  }

  /** Removes and returns the next key of a namespace that may run; undefined if there is none. */
  take(mayRun: (namespace: string) => boolean): Waiting | undefined {
    const resyncFirst = this.#taken % resyncShare === resyncShare - 1;
    const order = resyncFirst ? (["resync", "change"] as const) : (["change", "resync"] as const);
    for (const lane of order) {
      const next = this.#first(lane, mayRun);
      if (next === undefined) continue;
      this.#taken += 1;
      this.#remove(next);
      return next;
    }
    return undefined;
  }

  /** True if a key of a namespace with the property waits. */
  someNamespace(hasProperty: (namespace: string) => boolean): boolean {
    return Object.values(this.#lanes).some((lane) => [...lane.keys()].some(hasProperty));
  }

  /** Makes all waiting keys resyncs. */
  demote(): void {
    for (const waiting of [...this.#waiting.values()].filter(({ lane }) => lane === "change")) {
      this.#remove(waiting);
      this.add({ ...waiting, lane: "resync" });
    }
  }

  clear(): void {
    this.#waiting.clear();
    for (const lane of Object.values(this.#lanes)) lane.clear();
  }

  #first(lane: Lane, mayRun: (namespace: string) => boolean): Waiting | undefined {
    for (const [namespace, keys] of this.#lanes[lane]) {
      if (!mayRun(namespace)) continue;
      const [key = ""] = keys;
      return this.#waiting.get(key);
    }
    return undefined;
  }

  /** Removes a key. Its namespace has had its turn. */
  #remove({ key, lane }: Waiting): void {
    this.#waiting.delete(key);
    const namespace = namespaceOf(key);
    const keys = this.#lanes[lane].get(namespace);
    keys?.delete(key);
    this.#lanes[lane].delete(namespace);
    if (keys !== undefined && keys.size > 0) this.#lanes[lane].set(namespace, keys);
  }
}
