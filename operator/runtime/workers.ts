import { namespaceOf } from "./lanes.ts";

/** The keys in progress, and how many of them each namespace has. */
export class Workers {
  readonly #concurrency: number;
  readonly #quarter: number;
  /** Keys in progress, with the monotonic time when each handler started. */
  readonly #running = new Map<string, number>();
  readonly #byNamespace = new Map<string, number>();

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#quarter = Math.max(1, Math.floor(concurrency / 4));
  }

  get size(): number {
    return this.#running.size;
  }

  get isFull(): boolean {
    return this.#running.size >= this.#concurrency;
  }

  has(key: string): boolean {
    return this.#running.has(key);
  }

  /** How long each key has been in progress, in ms. */
  agesMs(nowMs: number): readonly number[] {
    return [...this.#running.values()].map((startedMs) => nowMs - startedMs);
  }

  start(key: string, startedMs: number): void {
    this.#running.set(key, startedMs);
    this.#count(key, 1);
  }

  end(key: string): void {
    this.#running.delete(key);
    this.#count(key, -1);
  }

  /** True if a namespace has at least a quarter of the workers. Keys without a namespace share nothing. */
  hasQuarter(namespace: string): boolean {
    return namespace !== "" && (this.#byNamespace.get(namespace) ?? 0) >= this.#quarter;
  }

  /**
   * True if a namespace must wait: it has a quarter of the workers, and either a namespace with less waits, or only a last
   * quarter of the workers is free, which is reserved for such namespaces.
   */
  hasShare(namespace: string, othersWait: () => boolean): boolean {
    if (!this.hasQuarter(namespace)) return false;
    return this.#concurrency - this.#running.size <= this.#quarter || othersWait();
  }

  #count(key: string, change: number): void {
    const namespace = namespaceOf(key);
    const count = (this.#byNamespace.get(namespace) ?? 0) + change;
    if (count === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, count);
  }
}
