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
  /** Reduces an object to what the cache keeps, to save memory. `previous` is the cached state before, if any. */
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>> | undefined;
  /** Called after each change of the store. */
  readonly onChange: (change: Change<T>) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** In [0, 1), for jitter. */
  readonly random?: (() => number) | undefined;
}

/** A local cache of a collection, kept current by a watch: the semantics of client-go's Informer. */
export class Informer<T> {
  readonly store: Store<T>;
  readonly #updater: StoreUpdater<T>;
  readonly #reflectors: readonly Reflector[];
  readonly #whenSynced = Promise.withResolvers<void>();
  #running: Promise<unknown> | undefined;

  constructor(options: InformerOptions<T>) {
    const { transform, onChange, log, metrics, namespaces, labelSelector, fieldSelector } = options;
    const { client, resource, clock, random = Math.random } = options;
    const labels = { resource: resource.plural };
    this.store = new Store(options.indexers);
    this.#updater = new StoreUpdater({
      store: this.store,
      transform,
      onChange,
      onError: (key, error) => {
        metrics.cache.errors.inc(labels);
        log.error({ ...labels, key, err: error }, "could not process an object from a list or watch");
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
        sink: this.#updater,
        onSynced,
        clock,
        random,
        log,
        metrics,
      });
    });
    metrics.onScrape(() => metrics.cache.objects.set(labels, this.store.size));
  }

  /** Starts listing and watching. A second call has no effect. */
  start(): void {
    this.#running ??= Promise.all(this.#reflectors.map((reflector) => reflector.run()));
  }

  /** Ends the watches. Resolves when all of them have ended. */
  async stop(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.stop();
    await this.#running;
  }

  /** Stores the response to a write, so that the next read of the cache is not older than the write. */
  update(object: KubeObject): void {
    this.#updater.upsert(object);
  }

  /** True if the store holds the whole collection. False again while the API server denies access to the collection. */
  synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.synced);
  }

  /** Resolves when the store holds the whole collection for the first time. */
  whenSynced(): Promise<void> {
    return this.#whenSynced.promise;
  }

  /** Monotonic time of the last activity of the least active reflector, for a liveness check. */
  get lastActiveMs(): number {
    return Math.min(...this.#reflectors.map((reflector) => reflector.lastActiveMs));
  }
}
