import { ApiError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { type ApiClient, type KubeObject, type ResourceType, apiVersionOf, objectKey } from "./kubernetes.ts";

/**
 * How soon a change of the status is written. `now`: somebody may have to act. `soon`: after a second, because the status
 * may change again in that time. `rarely`: only counts changed.
 */
export type Urgency = "now" | "soon" | "rarely";

export interface StatusWriterOptions<S> {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly resource: ResourceType;
  readonly fieldManager: string;
  /** Stores the response to a write in the cache. */
  readonly updateCache: (object: KubeObject) => void;
  /** The status of an object that the API server returns. */
  readonly statusOf: (object: KubeObject) => S | undefined;
  /** A text that is equal for equal statuses. */
  readonly textOf: (status: S | undefined) => string;
  /** How soon a status that differs from the live one is written. */
  readonly urgencyOf: (live: S | undefined, desired: S) => Urgency;
}

/** The object of a status, and the status that it has now. */
export interface Reported<S> {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly status: S | undefined;
}

/** The result of a report. */
export interface Delay {
  /** Delay in ms after which the status has to be reported again; undefined if it does not have to be. */
  readonly delayMs: number | undefined;
  /** True if the status was not written, because another one may follow. */
  readonly isDelayed: boolean;
}

const done: Delay = { delayMs: undefined, isDelayed: false };

/** Delay of a change that is written soon, and of a retry. */
const soonMs = 1_000;
/** Minimum interval between two writes that change only counts. */
export const countsMs = 5_000;
/** The API server is busy if writes are slow: a write of t ms delays those that are not urgent by 20 t, within a bound. */
const [timeShare, maxBusyMs] = [1 / 20, 10_000];
/** Weight of the last write in the average time of a write. */
const lastWeight = 1 / 5;

/** What is known of an object's status writes. Times are monotonic. */
interface Writes {
  /** The last status that was sent; undefined before the first one. */
  readonly sent?: string | undefined;
  /** When the last write began. */
  readonly sentMs: number;
  /** The status that the API server stored instead of the sent one, because other field managers own parts of it. */
  readonly stored?: string;
  /** Since when the desired status differs from the live one; undefined if they are equal. */
  readonly differsSinceMs?: number | undefined;
}

const none: Writes = { sentMs: -Infinity };

/** Writes the statuses of a kind: urgent changes at once, other changes later and less often. */
export class StatusWriter<S> {
  readonly #options: StatusWriterOptions<S>;
  readonly #writes = new Map<string, Writes>();
  /** The average time that the last writes took, ms. */
  #tookMs = 0;

  constructor(options: StatusWriterOptions<S>) {
    this.#options = options;
  }

  /** Drops the record of a deleted object, by `namespace/name`. */
  forget(key: string): void {
    this.#writes.delete(key);
  }

  /** True if the object's status is the one that this process has sent last: a change to it says nothing new. */
  isSent({ namespace, name, status }: Omit<Reported<S>, "uid">): boolean {
    const sent = this.#writes.get(objectKey(namespace, name))?.sent;
    return sent !== undefined && sent === this.#options.textOf(status);
  }

  /** Writes the status if it differs from the live one, now or, if it is not urgent, in a later call. */
  async write(object: Reported<S>, status: S): Promise<Delay> {
    const { textOf, clock } = this.#options;
    const [live, desired] = [textOf(object.status), textOf(status)];
    const key = objectKey(object.namespace, object.name);
    const last = this.#writes.get(key) ?? none;
    // Another write can't remove what another field manager owns, for example a condition of another type.
    if (live === desired || (last.sent === desired && last.stored === live)) {
      // Another process may have written the status: a change back to what this process sent before is no echo.
      const { sent, ...others } = last;
      if (last !== none)
        this.#writes.set(key, { ...others, sent: sent && desired, differsSinceMs: undefined });
      return done;
    }
    const nowMs = clock.monotonicMs();
    const { differsSinceMs = nowMs } = last;
    const delayMs = this.#dueMs(object, status, { ...last, differsSinceMs }) - nowMs;
    if (delayMs > 0) {
      this.#writes.set(key, { ...last, differsSinceMs });
      return { delayMs, isDelayed: true };
    }
    return this.#send(object, status, { ...last, sent: desired });
  }

  /** When the status is to be written, monotonic ms. */
  #dueMs({ status: live }: Reported<S>, desired: S, { sentMs, differsSinceMs = 0 }: Writes): number {
    const busyMs = Math.min(this.#tookMs / timeShare, maxBusyMs);
    const due: Readonly<Record<Urgency, number>> = {
      now: -Infinity,
      soon: differsSinceMs + Math.max(soonMs, busyMs),
      rarely: sentMs + Math.max(countsMs, busyMs),
    };
    return due[this.#options.urgencyOf(live, desired)];
  }

  async #send(
    { namespace, name, uid }: Reported<S>,
    status: S,
    { sent }: Pick<Writes, "sent">,
  ): Promise<Delay> {
    const { client, clock, resource, fieldManager, updateCache, statusOf, textOf } = this.#options;
    const { kind } = resource;
    const object = { apiVersion: apiVersionOf(resource), kind, metadata: { namespace, name, uid }, status };
    const key = objectKey(namespace, name);
    const sentMs = clock.monotonicMs();
    // Before the request: the watch event can arrive before the response.
    this.#writes.set(key, { sent, sentMs });
    try {
      const options = { fieldManager, force: true, subresource: "status" } as const;
      const response = await client.apply(resource, object, options);
      this.#tookMs += lastWeight * (clock.monotonicMs() - sentMs - this.#tookMs);
      const stored = textOf(statusOf(response));
      this.#writes.set(key, { sent, sentMs, ...(stored !== sent && { stored }) });
      updateCache(response);
      return done;
    } catch (error) {
      // The object was deleted or recreated (another uid), was changed too often, or the API server has just started and does
      // not serve the kind yet: retry with the object that the watch delivers, if there still is one.
      if (error instanceof ApiError && (error.isNotFound || error.isConflict))
        return { delayMs: soonMs, isDelayed: true };
      throw error;
    }
  }
}
