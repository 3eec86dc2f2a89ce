import { ApiError } from "./api-error.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { type Clock, sleep, type Timer } from "./clock.ts";
import type { ApiClient, ResourceType, Selection, WatchEvent } from "./kubernetes.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Replacement } from "./storeupdater.ts";

/** Where a reflector puts what it learns; a `StoreUpdater` of any type of object. */
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

/** A page is in memory as text and as objects at once; all kinds are listed at the same time. */
const pageSize = 200;
/** The server closes a watch after 5 to 10 minutes, each at another time, so that load spreads (client-go). */
const minWatchSeconds = 300;
/** Bookmarks come about once a minute: a stream that is silent for longer is dead, whatever TCP says. */
const inactivityMs = 90_000;
/** A stream that lived that long was healthy, and what ended it is a new trouble. */
const healthyMs = 10_000;
const retryBackoff: Backoff = { baseMs: 200, maxMs: 30_000 };

/** No permission, or the kind is not served: time may help, but until then we are blind. */
const isDenied = (error: unknown): boolean =>
  error instanceof ApiError && (error.isForbidden || error.isNotFound || error.status === 401);

/** Whether resuming the watch is pointless, so that a list is needed. */
const needsList = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.isGone || (error.status >= 400 && error.status < 500 && error.status !== 429));

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Follows one collection, of one namespace or of all: a list, then a watch, for ever. */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #stopping = new AbortController();
  readonly #labels: { readonly resource: string };
  #failures = 0;
  #lists = 0;
  /** Where the next watch starts; undefined: a list is needed first. */
  #resumeFrom: string | undefined;
  #complaint: string | undefined;
  #synced = false;
  #lastSeenMs: number;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#labels = { resource: options.resource.plural };
    this.#lastSeenMs = options.clock.monotonicMs();
  }

  /** Whether a list succeeded and nothing since has told that we may not see or that there is nothing to see. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Monotonic time of the last proof that the loop turns: an event, an answer or a failure. */
  get lastSeenMs(): number {
    return this.#lastSeenMs;
  }

  /** Lists and watches until stopped; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#turn();
      } catch (error) {
        if (!signal.aborted) await this.#recover(error);
      }
      this.#touch();
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #turn(): Promise<void> {
    if (this.#resumeFrom === undefined) {
      this.#resumeFrom = await this.#list();
      this.#synced = true;
      this.#options.onSynced();
    } else {
      this.#options.metrics.cache.watchRestarts.inc(this.#labels);
    }
    if (!this.#stopping.signal.aborted) await this.#watch(this.#resumeFrom);
  }

  /** Brings the sink in line with the server and returns the list's resourceVersion. */
  async #list(): Promise<string> {
    if (this.#lists > 0) this.#options.metrics.cache.relists.inc(this.#labels);
    this.#lists += 1;
    try {
      return await this.#listPages(pageSize);
    } catch (error) {
      if (!(error instanceof ApiError && error.isGone)) throw error;
      // The continue token expired between two pages: a single page needs none.
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
        this.#touch();
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
    const watchdog = this.#watchSilence(stream);
    const startedMs = clock.monotonicMs();
    let events = 0;
    try {
      const options = { ...selection, resourceVersion, timeoutSeconds, allowWatchBookmarks: true };
      for await (const event of client.watch(resource, options, stream.signal)) {
        if (this.#stopping.signal.aborted) return;
        this.#accept(event);
        events += 1;
        if (events === 1) this.#recovered();
      }
    } finally {
      watchdog[Symbol.dispose]();
      this.#stopping.signal.removeEventListener("abort", stop);
      if (events > 0 || clock.monotonicMs() - startedMs > healthyMs) this.#failures = 0;
    }
    // As in client-go: a server that closes at once and says nothing is not asked again at once.
    if (events === 0 && clock.monotonicMs() - startedMs < 1_000)
      throw new Error("the watch was closed at once");
  }

  #accept(event: WatchEvent): void {
    this.#touch();
    if (event.type === "ERROR") throw new ApiError(event.object.code ?? 500, event.object);
    const { sink } = this.#options;
    if (event.type === "DELETED") sink.remove(event.object);
    else if (event.type !== "BOOKMARK") sink.upsert(event.object);
    this.#resumeFrom = event.object.metadata.resourceVersion ?? this.#resumeFrom;
  }

  /** Aborts the stream when nothing has come for too long; one timer, not one per event. */
  #watchSilence(stream: AbortController): Timer {
    const { clock } = this.#options;
    const openedMs = clock.monotonicMs();
    const check = (): void => {
      const silentMs = clock.monotonicMs() - Math.max(openedMs, this.#lastSeenMs);
      if (silentMs < inactivityMs) timer = clock.setTimeout(check, inactivityMs - silentMs);
      else stream.abort(new Error(`the watch was silent for ${Math.round(silentMs / 1000)} s`));
    };
    let timer = clock.setTimeout(check, inactivityMs);
    return { [Symbol.dispose]: () => clock.clearTimeout(timer) };
  }

  async #recover(error: unknown): Promise<void> {
    const { clock, random } = this.#options;
    if (needsList(error)) this.#resumeFrom = undefined;
    if (isDenied(error)) this.#synced = false;
    this.#failures += 1;
    // An expired version is an everyday event with a known cure, unless it comes back at once.
    if (error instanceof ApiError && error.isGone && this.#failures === 1) return;
    this.#complain(error);
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(askedMs, backoffMs(retryBackoff, this.#failures, random));
    await sleep(clock, delayMs, this.#stopping.signal);
  }

  /** Says each trouble once, until it is over. */
  #complain(error: unknown): void {
    const complaint = sentence(error);
    const { log, resource } = this.#options;
    const fields = { resource: resource.plural, error: complaint, failures: this.#failures };
    if (complaint === this.#complaint) log.debug(fields, "still can't follow");
    else if (isDenied(error))
      log.error(fields, "can't see this kind: is its CRD installed and is it allowed? Retrying");
    else log.warn(fields, "lost the watch, retrying");
    this.#complaint = complaint;
  }

  #recovered(): void {
    if (this.#complaint === undefined) return;
    this.#complaint = undefined;
    this.#options.log.info(this.#labels, "following again");
  }

  #touch(): void {
    this.#lastSeenMs = this.#options.clock.monotonicMs();
  }
}
