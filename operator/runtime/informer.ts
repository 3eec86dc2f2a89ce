import type { Clock } from "./clock.ts";
import { Reflector } from "./reflector.ts";
import type { ApiClient, KubeObject, ResourceType } from "./kubernetes.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { type Change, StoreUpdater } from "./storeupdater.ts";
import { type Indexer, Store } from "./store.ts";

export interface InformerOptions<T> {
  readonly client: ApiClient;
  readonly resource: ResourceType;
  /** One watch per namespace, one store for all; undefined: one watch over all namespaces. */
  readonly namespaces?: readonly string[] | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Keeps of an object what is used; what it drops costs no memory. `previous` is what was kept of it before. */
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>> | undefined;
  /** Called after the store has changed. */
  readonly onChange: (change: Change<T>) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** In [0, 1), for jitter. */
  readonly random?: (() => number) | undefined;
}

/** A local copy of a collection, kept up to date by watching it: the semantics of client-go's Informer. */
export class Informer<T> {
  readonly store: Store<T>;
  readonly #sink: StoreUpdater<T>;
  readonly #reflectors: readonly Reflector[];
  readonly #whenSynced = Promise.withResolvers<void>();
  #running: Promise<unknown> | undefined;

  constructor(options: InformerOptions<T>) {
    const { transform, onChange, log, metrics, namespaces, labelSelector, fieldSelector } = options;
    const { client, resource, clock, random = Math.random } = options;
    const labels = { resource: resource.plural };
    this.store = new Store(options.indexers);
    this.#sink = new StoreUpdater({
      store: this.store,
      transform,
      onChange,
      onFault: (key, error) => {
        metrics.cache.faults.inc(labels);
        log.error({ ...labels, key, err: error }, "could not take an object into the cache");
      },
      onMissedDelete: () => metrics.cache.missedDeletes.inc(labels),
    });
    const onSynced = (): void => {
      if (this.synced()) this.#whenSynced.resolve();
    };
    this.#reflectors = (namespaces ?? [undefined]).map((namespace) => {
      const selection = { namespace, labelSelector, fieldSelector };
      return new Reflector({
        client,
        resource,
        selection,
        sink: this.#sink,
        onSynced,
        clock,
        random,
        log,
        metrics,
      });
    });
    metrics.onScrape(() => metrics.cache.objects.set(labels, this.store.size));
  }

  /** Starts listing and watching; a second call does nothing. */
  start(): void {
    this.#running ??= Promise.all(this.#reflectors.map((reflector) => reflector.run()));
  }

  /** Ends the watches and resolves when they have ended. */
  async stop(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.stop();
    await this.#running;
  }

  /** Takes in the answer to a write of ours, so that what is read next is not older than what was written. */
  learn(object: KubeObject): void {
    this.#sink.upsert(object);
  }

  /** Whether the store holds everything; false again while the server denies us the collection. */
  synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.synced);
  }

  /** Resolves when the store holds everything for the first time. */
  whenSynced(): Promise<void> {
    return this.#whenSynced.promise;
  }

  /** Monotonic time of the last proof that every watch loop turns; for a liveness check. */
  get lastSeenMs(): number {
    return Math.min(...this.#reflectors.map((reflector) => reflector.lastSeenMs));
  }
}
