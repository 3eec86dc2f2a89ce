import { ApiError, ConnectionError, messageOf, retryAfterOf } from "./api-error.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { type Clock, sleep } from "./clock.ts";
import type { ApiClient, ResourceType, Selection, WatchEvent, WatchOptions } from "./kubernetes.ts";
import { listInPages } from "./list.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Replacement } from "./storeupdater.ts";
import { isDenied, isStreamingRefused, isTransient } from "./watcherrors.ts";
import { watch } from "./watch.ts";

/** Receives the objects of lists and watches: a `StoreUpdater` of any type. */
interface Sink {
  upsert(object: WatchedObject): void;
  remove(object: WatchedObject): void;
  replace(namespace: string | undefined): Replacement;
  clear(namespace: string | undefined): void;
}

type WatchedObject = Exclude<WatchEvent, { readonly type: "ERROR" }>["object"];

export interface ReflectorOptions {
  readonly client: ApiClient;
  readonly resource: ResourceType;
  readonly selection: Selection;
  readonly pageSize: number;
  readonly sink: Sink;
  /** Called when a list has succeeded, and when the API server denies access to the collection. */
  readonly onSyncedChange: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A stream that lived this long was healthy: the backoff starts again from its shortest delay. */
const healthyMs = 10_000;
const retryBackoff: Backoff = { baseMs: 200, maxMs: 30_000 };
/** The maximum delay that a Retry-After header can cause: a proxy's maintenance page may ask for an hour. */
const maxRetryAfterMs = 30_000;
/** After this many failures in a row a list follows: etcd may have been restored while the API server was away. */
const failuresBeforeList = 5;

/** The annotation of the bookmark that ends a streamed list (KEP-3157). */
const initialEventsEnd = "k8s.io/initial-events-end";

/** Keeps a sink equal to a collection of one namespace or of all, by a list and then watches: client-go's Reflector. */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #stopping = new AbortController();
  readonly #labels: { readonly resource: string };
  #failures = 0;
  #hasListed = false;
  /** How to list next. `never`: the API server has refused to stream a list. `later`: a streamed list has failed. */
  #streaming: "now" | "later" | "never" = "now";
  /** The resourceVersion from which the next watch resumes; undefined: a list is needed first. */
  #resumeFrom: string | undefined;
  #lastError: string | undefined;
  #synced = false;
  #lastActiveMs: number;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#labels = { resource: options.resource.plural };
    this.#lastActiveMs = options.clock.monotonicMs();
  }

  /** True if a list succeeded and no later request failed with 401, 403 or 404. */
  get synced(): boolean {
    return this.#synced;
  }

  /** True if the collection has objects of a namespace; without a namespace, always. */
  watches(namespace: string | undefined): boolean {
    const { selection } = this.#options;
    return namespace === undefined || selection.namespace === undefined || selection.namespace === namespace;
  }

  /** Monotonic time of the loop's last activity: an event, a response or a failure. */
  get lastActiveMs(): number {
    return this.#lastActiveMs;
  }

  /** Lists and watches until stopped. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#listAndWatch();
      } catch (error) {
        if (!signal.aborted) await this.#handleError(error);
      }
      this.#recordActivity();
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #listAndWatch(): Promise<void> {
    const { metrics } = this.#options;
    if (this.#resumeFrom !== undefined) {
      metrics.cache.watchRestarts.inc(this.#labels);
      return this.#watch(this.#resumeFrom);
    }
    if (this.#streaming === "now") return this.#streamListAndWatch();
    const { selection, sink } = this.#options;
    const replace = (): Replacement => sink.replace(selection.namespace);
    const version = await listInPages({ ...this.#options, replace, onPage: () => this.#recordActivity() });
    this.#finishList(version);
    if (!this.#stopping.signal.aborted) await this.#watch(version);
  }

  #finishList(version: string): void {
    if (this.#streaming === "later") this.#streaming = "now";
    if (this.#hasListed) this.#options.metrics.cache.relists.inc(this.#labels);
    this.#hasListed = true;
    this.#resumeFrom = version;
    this.#setSynced(true);
  }

  #setSynced(synced: boolean): void {
    if (this.#synced === synced) return;
    this.#synced = synced;
    this.#options.onSyncedChange();
  }

  /** Lists by a watch that sends all objects first, so that no page of the list is ever in memory, and watches on. */
  async #streamListAndWatch(): Promise<void> {
    const { sink, selection } = this.#options;
    const replacement = sink.replace(selection.namespace);
    let isListing = true;
    const onEvent = (event: WatchEvent): void => {
      if (!isListing || event.type === "ERROR") return this.#handleEvent(event);
      if (event.type === "DELETED") replacement.drop(event.object);
      else if (event.type !== "BOOKMARK") replacement.put(event.object);
      else if (event.object.metadata.annotations?.[initialEventsEnd] === "true") {
        isListing = false;
        const { resourceVersion = "" } = event.object.metadata;
        replacement.finish(resourceVersion);
        replacement.close();
        this.#finishList(resourceVersion);
      }
    };
    try {
      await this.#runWatch({ sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }, onEvent);
      if (isListing) throw new Error("the watch ended before all initial events");
    } finally {
      replacement.close();
    }
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const events = await this.#runWatch({ resourceVersion }, (event) => this.#handleEvent(event));
    // As in client-go, a watch that ends within 1 s without an event is a failure, so that the next one backs off.
    if (events > 0 || clock.monotonicMs() - startedMs >= 1_000) return;
    const cause = new Error("the API server closed the watch within 1 s without an event");
    throw new ConnectionError("EMPTY", cause);
  }

  /** Returns the number of events. */
  async #runWatch(from: Partial<WatchOptions>, onEvent: (event: WatchEvent) => void): Promise<number> {
    const { client, resource, selection, clock, random } = this.#options;
    const startedMs = clock.monotonicMs();
    let events = 0;
    try {
      await watch({
        client,
        resource,
        from: { ...selection, ...from },
        clock,
        random,
        signal: this.#stopping.signal,
        onEvent: (event) => {
          this.#recordActivity();
          // A list is no progress: each one could be followed by the same failure of the watch.
          const isListing = this.#resumeFrom === undefined;
          onEvent(event);
          if (!isListing) events += 1;
          if (events === 1) this.#logRecovery();
        },
      });
    } finally {
      const isHealthy = this.#resumeFrom !== undefined && clock.monotonicMs() - startedMs > healthyMs;
      if (events > 0 || isHealthy) this.#failures = 0;
    }
    return events;
  }

  #handleEvent(event: WatchEvent): void {
    if (event.type === "ERROR") throw new ApiError(event.object.code ?? 500, event.object);
    const { sink } = this.#options;
    if (event.type === "DELETED") sink.remove(event.object);
    else if (event.type !== "BOOKMARK") sink.upsert(event.object);
    this.#resumeFrom = event.object.metadata.resourceVersion ?? this.#resumeFrom;
  }

  async #handleError(error: unknown): Promise<void> {
    const { clock, random, sink, selection } = this.#options;
    const isListing = this.#resumeFrom === undefined;
    if (isListing && this.#streaming === "now" && isStreamingRefused(error)) {
      this.#streaming = "never";
      return;
    }
    this.#failures += 1;
    const isLasting = !isTransient(error) || this.#failures >= failuresBeforeList;
    if (isLasting) this.#resumeFrom = undefined;
    // A proxy that holds back the events of a watch, or cuts the watch, still lets a list pass.
    if (isListing && isLasting && !isDenied(error) && this.#streaming === "now") this.#streaming = "later";
    if (isDenied(error)) this.#setSynced(false);
    // The API server has no such kind: its objects are gone. A watch can also fail so while a list would succeed.
    if (isListing && error instanceof ApiError && error.isNotFound) sink.clear(selection.namespace);
    // An expired resourceVersion is normal: list at once, without a log line. Back off only if it happens repeatedly.
    if (error instanceof ApiError && error.isGone && this.#failures === 1) return;
    this.#logError(error);
    const askedMs = retryAfterOf(error, maxRetryAfterMs);
    const delayMs = Math.max(askedMs, backoffMs(retryBackoff, this.#failures, random));
    await sleep(clock, delayMs, this.#stopping.signal);
  }

  /** Logs an error once, until the error changes or the watch works again. */
  #logError(error: unknown): void {
    const message = messageOf(error);
    const { log, selection } = this.#options;
    const fields = {
      ...this.#labels,
      namespace: selection.namespace,
      error: message,
      failures: this.#failures,
    };
    if (message === this.#lastError) log.debug(fields, "list or watch still fails, retrying");
    else if (isDenied(error))
      log.error(fields, "can't list this kind, retrying: check that its CRD is installed and RBAC allows it");
    else log.warn(fields, "list or watch failed, retrying");
    this.#lastError = message;
  }

  #logRecovery(): void {
    if (this.#lastError === undefined) return;
    this.#lastError = undefined;
    this.#options.log.info(this.#labels, "watch works again");
  }

  #recordActivity(): void {
    this.#lastActiveMs = this.#options.clock.monotonicMs();
  }
}
