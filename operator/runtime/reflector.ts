import { ApiError } from "./api-error.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { type Clock, sleep, type Timer } from "./clock.ts";
import type { ApiClient, ResourceType, Selection, WatchEvent } from "./kubernetes.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Replacement } from "./storeupdater.ts";

/** Receives the objects of lists and watches: a `StoreUpdater` of any type. */
interface Sink {
  upsert(object: WatchedObject): void;
  remove(object: WatchedObject): void;
  replace(namespace: string | undefined): Replacement;
}

type WatchedObject = Exclude<WatchEvent, { readonly type: "ERROR" }>["object"];

export interface ReflectorOptions {
  readonly client: ApiClient;
  readonly resource: ResourceType;
  readonly selection: Selection;
  readonly sink: Sink;
  readonly onSynced: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Objects per page. Limits memory: kinds are listed concurrently, and each page is in memory as text and as objects. */
const pageSize = 200;
/** The API server ends each watch after a random 5 to 10 minutes, which spreads load, as in client-go. */
const minWatchSeconds = 300;
/** A stream without events for this long is broken, even if TCP reports no error: bookmarks arrive once a minute. */
const inactivityMs = 90_000;
/** A stream that lived this long was healthy: the backoff starts again from its shortest delay. */
const healthyMs = 10_000;
const retryBackoff: Backoff = { baseMs: 200, maxMs: 30_000 };

/** 401, 403 or 404: the cache is not synced until a list succeeds. */
const isDenied = (error: unknown): boolean =>
  error instanceof ApiError && (error.isForbidden || error.isNotFound || error.status === 401);

/** True if the watch can't be resumed, so that a list is needed. */
const needsList = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.isGone || (error.status >= 400 && error.status < 500 && error.status !== 429));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Keeps a sink equal to a collection of one namespace or of all, by a list and then watches: client-go's Reflector. */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #stopping = new AbortController();
  readonly #labels: { readonly resource: string };
  #failures = 0;
  #lists = 0;
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
    if (this.#resumeFrom === undefined) {
      this.#resumeFrom = await this.#list();
      this.#synced = true;
      this.#options.onSynced();
    } else {
      this.#options.metrics.cache.watchRestarts.inc(this.#labels);
    }
    if (!this.#stopping.signal.aborted) await this.#watch(this.#resumeFrom);
  }

  /** Replaces the sink's content with a list. Returns the list's resourceVersion. */
  async #list(): Promise<string> {
    if (this.#lists > 0) this.#options.metrics.cache.relists.inc(this.#labels);
    this.#lists += 1;
    try {
      return await this.#listPages(pageSize);
    } catch (error) {
      if (!(error instanceof ApiError && error.isGone)) throw error;
      // The continue token expired between two pages: list again as one page.
      return await this.#listPages(undefined);
    }
  }

  async #listPages(limit: number | undefined): Promise<string> {
    const { client, resource, selection, sink } = this.#options;
    const replacement = sink.replace(selection.namespace);
    let token: string | undefined;
    try {
      for (;;) {
        const page = await client.list(resource, { ...selection, limit, continue: token }, { urgent: true });
        this.#recordActivity();
        for (const item of page.items) replacement.put(item);
        token = page.metadata.continue;
        if (token !== undefined && token !== "") continue;
        const { resourceVersion = "" } = page.metadata;
        replacement.finish(resourceVersion);
        return resourceVersion;
      }
    } finally {
      replacement.close();
    }
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { client, resource, selection, clock, random } = this.#options;
    const timeoutSeconds = Math.round(minWatchSeconds * (1 + random()));
    const stream = new AbortController();
    const stop = (): void => stream.abort();
    this.#stopping.signal.addEventListener("abort", stop, { once: true });
    const watchdog = this.#startWatchdog(stream);
    const startedMs = clock.monotonicMs();
    let events = 0;
    try {
      const options = { ...selection, resourceVersion, timeoutSeconds, allowWatchBookmarks: true };
      for await (const event of client.watch(resource, options, stream.signal)) {
        if (this.#stopping.signal.aborted) return;
        this.#handleEvent(event);
        events += 1;
        if (events === 1) this.#logRecovery();
      }
    } finally {
      watchdog[Symbol.dispose]();
      this.#stopping.signal.removeEventListener("abort", stop);
      if (events > 0 || clock.monotonicMs() - startedMs > healthyMs) this.#failures = 0;
    }
    // As in client-go, a watch that ends within 1 s without an event is a failure, so that the next one backs off.
    if (events === 0 && clock.monotonicMs() - startedMs < 1_000)
      throw new Error("the API server closed the watch within 1 s without an event");
  }

  #handleEvent(event: WatchEvent): void {
    this.#recordActivity();
    if (event.type === "ERROR") throw new ApiError(event.object.code ?? 500, event.object);
    const { sink } = this.#options;
    if (event.type === "DELETED") sink.remove(event.object);
    else if (event.type !== "BOOKMARK") sink.upsert(event.object);
    this.#resumeFrom = event.object.metadata.resourceVersion ?? this.#resumeFrom;
  }

  /** Aborts the stream when no event has arrived for `inactivityMs`. Uses one timer, not one per event. */
  #startWatchdog(stream: AbortController): Timer {
    const { clock } = this.#options;
    const openedMs = clock.monotonicMs();
    const check = (): void => {
      const inactiveMs = clock.monotonicMs() - Math.max(openedMs, this.#lastActiveMs);
      if (inactiveMs < inactivityMs) timer = clock.setTimeout(check, inactivityMs - inactiveMs);
      else stream.abort(new Error(`no watch event for ${Math.round(inactiveMs / 1000)} s`));
    };
    let timer = clock.setTimeout(check, inactivityMs);
    return { [Symbol.dispose]: () => clock.clearTimeout(timer) };
  }

  async #handleError(error: unknown): Promise<void> {
    const { clock, random } = this.#options;
    if (needsList(error)) this.#resumeFrom = undefined;
    if (isDenied(error)) this.#synced = false;
    this.#failures += 1;
    // An expired resourceVersion is normal: list at once, without a log line. Back off only if it happens repeatedly.
    if (error instanceof ApiError && error.isGone && this.#failures === 1) return;
    this.#logError(error);
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(askedMs, backoffMs(retryBackoff, this.#failures, random));
    await sleep(clock, delayMs, this.#stopping.signal);
  }

  /** Logs an error once, until the error changes or the watch works again. */
  #logError(error: unknown): void {
    const message = messageOf(error);
    const { log, resource } = this.#options;
    const fields = { resource: resource.plural, error: message, failures: this.#failures };
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
