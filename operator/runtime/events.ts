import { ApiError, ExpectedError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { digestOf } from "./digest.ts";
import type { ApiClient, KubeObject, ResourceType } from "./kubernetes.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { shorten } from "./shorten.ts";
import { type TokenBucket, refill } from "./tokenbucket.ts";

/** The object of an event. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
}

export interface EventNote {
  readonly target: EventTarget;
  /** Warning: a person must act. */
  readonly type: "Normal" | "Warning";
  /** One PascalCase word. */
  readonly reason: string;
  /** The message, as a sentence. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** The controller and the process that report the events: shown as each event's source. */
  readonly component: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Equal events, which share one Event object. `name` is undefined until the Event object is created. */
interface Series {
  readonly event: EventNote;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  name: string | undefined;
  queued: boolean;
}

const events: ResourceType = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

/** An equal event within this time increments the count of the first one, as in client-go. A later one is a new event. */
const seriesMs = 600_000;
/** Rate limit per object, as in client-go's spam filter: a burst of events, then one event per refill interval. */
const rate = { burst: 25, refillMs: 300_000 };
/** Maximum number of series and of token buckets in memory: at most 32 MB of notes. */
const maxEntries = 16_384;
/** Maximum number of events that wait to be written: enough for the first events of some thousand objects, about 8 MB. */
const maxQueued = 8192;
/** The API server's limit for an event's message. */
const maxNoteLength = 1024;

const bounded = (event: EventNote): EventNote => ({ ...event, note: shorten(event.note, maxNoteLength) });

const timestamp = (wallMs: number): string => new Date(wallMs).toISOString().replace(/\.\d+Z$/, "Z");

/** Sets an entry as the newest one and drops the oldest entry above `maxEntries`. */
const setNewest = <V>(map: Map<string, V>, key: string, value: V): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxEntries) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
};

/**
 * Writes Kubernetes events in the background: `record` returns at once and never fails. Events that can't be written
 * are counted and dropped. The API is core/v1, because `kubectl describe` and dashboards read core/v1 Events.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, TokenBucket>();
  #queue: Series[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Queues an event to be written. */
  record(note: EventNote): void {
    const event = bounded(note);
    const nowMs = this.#options.clock.now();
    const key = digestOf([event.target.uid, event.type, event.reason, event.note].join("\n"));
    const known = this.#series.get(key);
    const isSame = known !== undefined && nowMs - known.lastMs < seriesMs;
    if (!this.#takeToken(event.target.uid)) {
      this.#options.metrics.eventsDropped.inc({ cause: "rate" });
      return;
    }
    const series = isSame
      ? known
      : { event, firstMs: nowMs, lastMs: nowMs, count: 0, name: undefined, queued: false };
    series.count += 1;
    series.lastMs = nowMs;
    setNewest(this.#series, key, series);
    this.#enqueue(series);
  }

  /**
   * Writes an event at once, under a name that no other event has. Returns true if the event is new, false if it exists
   * already or can't be written, which is counted and logged: an event never holds up the work that it reports.
   */
  async recordOnce(event: EventNote, name: string): Promise<boolean> {
    const nowMs = this.#options.clock.now();
    const body = this.#body({ event: bounded(event), firstMs: nowMs, lastMs: nowMs, count: 1 }, name);
    try {
      await this.#options.client.create(events, body, { idempotent: true });
      return true;
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      if (!(error instanceof ApiError && error.isAlreadyExists)) this.#drop(error, event);
      return false;
    }
  }

  #drop(error: unknown, { reason }: EventNote): void {
    this.#options.metrics.eventsDropped.inc({ cause: "error" });
    this.#options.log.debug({ err: error, reason }, "could not write an event");
  }

  /** Resolves when all recorded events are written or dropped. Never rejects. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  /** Returns false if the object's events exceed the rate limit. */
  #takeToken(uid: string): boolean {
    const bucket = refill(this.#buckets.get(uid), rate, this.#options.clock.monotonicMs());
    const tokens = Math.max(0, bucket.tokens - 1);
    setNewest(this.#buckets, uid, { ...bucket, tokens });
    return bucket.tokens > 0;
  }

  #enqueue(series: Series): void {
    // A queued series is written with the current count.
    if (series.queued) return;
    if (this.#queue.length >= maxQueued) {
      this.#options.metrics.eventsDropped.inc({ cause: "full" });
      return;
    }
    series.queued = true;
    this.#queue.push(series);
    this.#sending ??= this.#send();
  }

  /** Writes queued series one after the other. Never rejects. */
  async #send(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      series.queued = false;
      try {
        await this.#write(series);
      } catch (error) {
        this.#drop(error, series.event);
      }
    }
    this.#sending = undefined;
  }

  async #write(series: Series): Promise<void> {
    if (series.name !== undefined && (await this.#updateCount(series, series.name))) return;
    const body = this.#body(series, `${series.event.target.name}.${crypto.randomUUID()}`);
    series.name = body.metadata.name;
    await this.#options.client.create(events, body);
  }

  /** Updates an Event's count. Returns false if the Event is gone: the API server deletes Events after an hour. */
  async #updateCount(series: Series, name: string): Promise<boolean> {
    const ref = { namespace: series.event.target.namespace ?? "default", name };
    const body = { count: series.count, lastTimestamp: timestamp(series.lastMs) };
    try {
      await this.#options.client.patch(events, ref, { type: "merge", body });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return false;
      throw error;
    }
  }

  #body(
    { event, count, firstMs, lastMs }: Pick<Series, "event" | "count" | "firstMs" | "lastMs">,
    name: string,
  ) {
    const { component, instance } = this.#options;
    const namespace = event.target.namespace ?? "default";
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace, name },
      involvedObject: event.target,
      type: event.type,
      reason: event.reason,
      message: event.note,
      count,
      firstTimestamp: timestamp(firstMs),
      lastTimestamp: timestamp(lastMs),
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
    } satisfies KubeObject;
  }
}
