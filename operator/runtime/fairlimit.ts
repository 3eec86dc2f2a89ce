/**
 * A bounded set of items, each of a client's address. Beyond the limit, the oldest item of the address that has the
 * most is evicted. So a client that opens items without end replaces only its own, and a client with one item (a probe
 * of the kubelet) keeps it.
 */
export class FairLimit<T> {
  readonly #max: number;
  readonly #evict: (item: T) => void;
  /** Each item's address, the oldest item first. */
  readonly #addresses = new Map<T, string>();

  constructor(max: number, evict: (item: T) => void) {
    this.#max = max;
    this.#evict = evict;
  }

  get size(): number {
    return this.#addresses.size;
  }

  add(item: T, address: string): void {
    this.#addresses.set(item, address);
    const surplus = this.#addresses.size > this.#max ? this.#oldestOfBusiest() : undefined;
    if (surplus === undefined) return;
    this.#addresses.delete(surplus);
    this.#evict(surplus);
  }

  delete(item: T): void {
    this.#addresses.delete(item);
  }

  /** Evicts all items. */
  clear(): void {
    const items = [...this.#addresses.keys()];
    this.#addresses.clear();
    for (const item of items) this.#evict(item);
  }

  #oldestOfBusiest(): T | undefined {
    const counts = new Map<string, number>();
    for (const address of this.#addresses.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [item, address] of this.#addresses) if (counts.get(address) === most) return item;
    return undefined;
  }
}
