import type { Clock } from "./clock.ts";
import { defaultPageSize } from "./list.ts";
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
  /** Maximum number of objects per page of a list; default 200. Fewer limit memory if objects are large. */
  readonly pageSize?: number | undefined;
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
  /** Called whenever `synced` may have changed. */
  readonly onSyncedChange?: (() => void) | undefined;
}

/** Returns true if a label selector of the form `a=b,c=d` selects an object; undefined for selectors of other forms. */
function isSelected({ metadata }: KubeObject, selector: string | undefined): boolean | undefined {
  if (selector === undefined || selector === "") return true;
  const terms = selector.split(",").map((term) => /^([^=!\s()]+)==?([^=\s()]*)$/.exec(term));
  if (terms.includes(null)) return undefined;
  return terms.every((term) => metadata.labels?.[term?.[1] ?? ""] === term?.[2]);
}

/** A local cache of a collection, kept current by a watch: the semantics of client-go's Informer. */
export class Informer<T> {
  readonly store: Store<T>;
  readonly #options: Pick<InformerOptions<T>, "namespaces" | "labelSelector" | "fieldSelector">;
  readonly #updater: StoreUpdater<T>;
  readonly #reflectors: readonly Reflector[];
  readonly #whenSynced = Promise.withResolvers<void>();
  #running: Promise<unknown> | undefined;

  constructor(options: InformerOptions<T>) {
    const { transform, onChange, log, metrics, namespaces, labelSelector, fieldSelector } = options;
    const { client, resource, clock, random = Math.random } = options;
    const labels = { resource: resource.plural };
    this.#options = options;
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
    const onSyncedChange = (): void => {
      if (this.synced()) this.#whenSynced.resolve();
      options.onSyncedChange?.();
    };
    this.#reflectors = (namespaces ?? [undefined]).map((namespace) => {
      const selection = { namespace, labelSelector, fieldSelector };
      return new Reflector({
        client,
        resource,
        selection,
        pageSize: options.pageSize ?? defaultPageSize,
        sink: this.#updater,
        onSyncedChange,
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

  /**
   * Stores the response to a write, so that the next read of the cache is not older than the write. Ignores an object that
   * the cache does not select: no watch event would ever update or delete it.
   */
  update(object: KubeObject): void {
    const { namespaces, labelSelector, fieldSelector } = this.#options;
    const { namespace = "", name } = object.metadata;
    if (namespaces !== undefined && !namespaces.includes(namespace)) return;
    const selected = fieldSelector === undefined ? isSelected(object, labelSelector) : undefined;
    if (selected ?? this.store.get(namespace, name) !== undefined) this.#updater.upsert(object);
  }

  /**
   * True if the store holds the whole collection, or all of its objects in one namespace. False again while the API server
   * denies access.
   */
  synced(namespace?: string): boolean {
    return this.#reflectors.every((reflector) => !reflector.watches(namespace) || reflector.synced);
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
