import { objectKey } from "./kubernetes.ts";

/** Returns the keys of an object in an index. */
export type Indexer<T> = (object: T) => readonly string[];

interface Entry<T> {
  readonly namespace: string;
  readonly object: T;
}

/** Objects by namespace and name, with named secondary indexes. */
export class Store<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #indexers: ReadonlyMap<string, Indexer<T>>;
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    this.#indexers = new Map(Object.entries(indexers));
    for (const name of this.#indexers.keys()) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#entries.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#entries.get(objectKey(namespace, name))?.object;
  }

  /** Returns the objects of one namespace, or all. */
  list(namespace?: string): T[] {
    const objects: T[] = [];
    for (const entry of this.#entries.values()) {
      if (namespace === undefined || entry.namespace === namespace) objects.push(entry.object);
    }
    return objects;
  }

  /** Returns the objects with a key in an index. Throws if no such index exists. */
  byIndex(index: string, key: string): readonly T[] {
    const objects = this.#index(index).get(key);
    return objects === undefined ? [] : [...objects.values()];
  }

  /** Sets an object and returns the previous one. */
  set(namespace: string | undefined, name: string, object: T): T | undefined {
    const key = objectKey(namespace, name);
    const previous = this.#entries.get(key)?.object;
    if (previous !== undefined) this.#unindex(key, previous);
    this.#entries.set(key, { namespace: namespace ?? "", object });
    for (const [index, indexer] of this.#indexers) {
      for (const value of indexer(object)) this.#bucket(index, value).set(key, object);
    }
    return previous;
  }

  /** Deletes an object and returns it. */
  delete(namespace: string | undefined, name: string): T | undefined {
    const key = objectKey(namespace, name);
    const previous = this.#entries.get(key)?.object;
    if (previous !== undefined) this.#unindex(key, previous);
    this.#entries.delete(key);
    return previous;
  }

  #index(name: string): Map<string, Map<string, T>> {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`the store has no index "${name}"`);
    return index;
  }

  #bucket(index: string, value: string): Map<string, T> {
    const buckets = this.#index(index);
    const bucket = buckets.get(value) ?? new Map<string, T>();
    buckets.set(value, bucket);
    return bucket;
  }

  #unindex(key: string, object: T): void {
    for (const [index, indexer] of this.#indexers) {
      const buckets = this.#index(index);
      for (const value of indexer(object)) {
        const bucket = buckets.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) buckets.delete(value);
      }
    }
  }
}
