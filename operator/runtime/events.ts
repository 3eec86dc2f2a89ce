import { ApiError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import type { ApiClient, KubeObject, ResourceType } from "./kubernetes.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** The object that an event is about. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
}

export interface EventNote {
  readonly target: EventTarget;
  /** Warning only if a person must act. */
  readonly type: "Normal" | "Warning";
  /** One PascalCase word. */
  readonly reason: string;
  /** A sentence for a person. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** Which controller says it, and which process: shown as the event's source. */
  readonly component: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** An event on the server, or one that waits to be written (then without a name). */
interface Series {
  readonly event: EventNote;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  name: string | undefined;
  queued: boolean;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

const events: ResourceType = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

/** The same said again within this time raises the count of the first; later it is news again (as in client-go). */
const seriesMs = 600_000;
/** Per object: this many at once, then one more per refill (client-go's spam filter). */
const burst = 25;
const refillMs = 300_000;
const maxRemembered = 4096;
const maxQueued = 1024;
/** etcd's and the API server's limit on an event's message. */
const maxNoteLength = 1024;

const timestamp = (wallMs: number): string => new Date(wallMs).toISOString().replace(/\.\d+Z$/, "Z");

/** Puts a key last and drops the oldest ones above the limit. */
const remember = <V>(map: Map<string, V>, key: string, value: V): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
};

/**
 * Writes Kubernetes events (core/v1: what `kubectl describe` and every dashboard read) beside the work: recording
 * takes no time and never fails; what can't be written is counted and dropped.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, Bucket>();
  #queue: Series[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Records that something happened to an object. */
  record(event: EventNote): void {
    const nowMs = this.#options.clock.now();
    const key = [event.target.uid, event.type, event.reason, event.note].join("\n");
    const known = this.#series.get(key);
    const isSame = known !== undefined && nowMs - known.lastMs < seriesMs;
    if (!this.#mayPass(event.target.uid)) {
      this.#options.metrics.eventsDropped.inc({ cause: "rate" });
      return;
    }
    const series = isSame
      ? known
      : { event, firstMs: nowMs, lastMs: nowMs, count: 0, name: undefined, queued: false };
    series.count += 1;
    series.lastMs = nowMs;
    remember(this.#series, key, series);
    this.#enqueue(series);
  }

  /** Resolves when all that was recorded has been written or dropped. Never rejects. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  #mayPass(uid: string): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const bucket = this.#buckets.get(uid) ?? { tokens: burst, filledMs: nowMs };
    const refilled = Math.floor((nowMs - bucket.filledMs) / refillMs);
    bucket.tokens = Math.min(burst, bucket.tokens + refilled);
    bucket.filledMs += refilled * refillMs;
    remember(this.#buckets, uid, bucket);
    if (bucket.tokens === 0) return false;
    bucket.tokens -= 1;
    return true;
  }

  #enqueue(series: Series): void {
    // One that waits already takes the higher count along.
    if (series.queued) return;
    if (this.#queue.length >= maxQueued) {
      this.#options.metrics.eventsDropped.inc({ cause: "full" });
      return;
    }
    series.queued = true;
    this.#queue.push(series);
    this.#sending ??= this.#send();
  }

  /** Writes one after the other; never rejects. */
  async #send(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      series.queued = false;
      try {
        await this.#write(series);
      } catch (error) {
        this.#options.metrics.eventsDropped.inc({ cause: "error" });
        this.#options.log.debug({ err: error, reason: series.event.reason }, "could not write an event");
      }
    }
    this.#sending = undefined;
  }

  async #write(series: Series): Promise<void> {
    if (series.name !== undefined && (await this.#raiseCount(series, series.name))) return;
    const body = this.#body(series);
    series.name = body.metadata.name;
    await this.#options.client.create(events, body);
  }

  /** Whether the event was still there: the server drops events after an hour. */
  async #raiseCount(series: Series, name: string): Promise<boolean> {
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

  #body({ event, count, firstMs, lastMs }: Series) {
    const { component, instance } = this.#options;
    const namespace = event.target.namespace ?? "default";
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace, name: `${event.target.name}.${crypto.randomUUID()}` },
      involvedObject: event.target,
      type: event.type,
      reason: event.reason,
      message: event.note.slice(0, maxNoteLength),
      count,
      firstTimestamp: timestamp(firstMs),
      lastTimestamp: timestamp(lastMs),
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
    } satisfies KubeObject;
  }
}
