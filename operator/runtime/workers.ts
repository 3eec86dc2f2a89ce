import { type Lane, type Waiting, namespaceOf } from "./lanes.ts";

/** A key in progress. */
interface Running {
  readonly lane: Lane;
  readonly startedMs: number;
}

/** The keys in progress, and how many of them each namespace has. */
export class Workers {
  readonly #concurrency: number;
  readonly #running = new Map<string, Running>();
  readonly #byNamespace = new Map<string, number>();

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  get size(): number {
    return this.#running.size;
  }

  get isFull(): boolean {
    return this.#running.size >= this.#concurrency;
  }

  get(key: string): Running | undefined {
    return this.#running.get(key);
  }

  /** How long each key has been in progress, in ms. */
  agesMs(nowMs: number): readonly number[] {
    return [...this.#running.values()].map(({ startedMs }) => nowMs - startedMs);
  }

  start({ key, lane }: Waiting, startedMs: number): void {
    this.#running.set(key, { lane, startedMs });
    this.#count(key, 1);
  }

  end(key: string): void {
    this.#running.delete(key);
    this.#count(key, -1);
  }

  /**
   * True if a namespace has its share of the workers: a quarter while other namespaces wait, otherwise all but a quarter, so
   * that the next key of another namespace finds a free worker. Keys without a namespace have no limit.
   */
  hasShare(namespace: string, othersWait: () => boolean): boolean {
    if (namespace === "") return false;
    const quarter = Math.max(1, Math.floor(this.#concurrency / 4));
    const count = this.#byNamespace.get(namespace) ?? 0;
    if (count < quarter) return false;
    return count >= Math.max(quarter, this.#concurrency - quarter) || othersWait();
  }

  #count(key: string, change: number): void {
    const namespace = namespaceOf(key);
    const count = (this.#byNamespace.get(namespace) ?? 0) + change;
    if (count === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, count);
  }
}
