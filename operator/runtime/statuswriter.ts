import { ApiError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { type ApiClient, type KubeObject, type ResourceType, apiVersionOf, objectKey } from "./kubernetes.ts";

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
  /** A text that changes if the status must be written at once. Other changes, such as counts, are throttled. */
  readonly significant: (status: S | undefined) => string;
}

/** The object of a status, and the status that it has now. */
export interface Reported<S> {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly status: S | undefined;
}

/** Minimum interval between two writes that change nothing significant. */
const minIntervalMs = 1_000;
/** Share of time for such writes: a write of t ms delays the next one by 20 t. */
const timeShare = 1 / 20;

/** What is known of an object's status writes. */
interface Written {
  /** The last status that was sent. */
  readonly sent: string;
  /** Monotonic time from which a throttled write is allowed. */
  readonly nextMs: number;
  /** The status that the API server stored instead of the sent one, because other field managers own parts of it. */
  readonly stored?: string;
}

/** Writes the statuses of a kind: significant changes at once, other changes at most once a second. */
export class StatusWriter<S> {
  readonly #options: StatusWriterOptions<S>;
  readonly #written = new Map<string, Written>();

  constructor(options: StatusWriterOptions<S>) {
    this.#options = options;
  }

  /** Drops the record of a deleted object, by `namespace/name`. */
  forget(key: string): void {
    this.#written.delete(key);
  }

  /** True if the object's status is the one that this process has sent last: a change to it says nothing new. */
  isSent({ namespace, name, status }: Omit<Reported<S>, "uid">): boolean {
    return this.#written.get(objectKey(namespace, name))?.sent === this.#options.textOf(status);
  }

  /** Writes the status if it differs from the live one. Returns the delay in ms after which a retry is due, if any. */
  async write(object: Reported<S>, status: S): Promise<number | undefined> {
    const { textOf, significant, clock } = this.#options;
    const [live, desired] = [textOf(object.status), textOf(status)];
    const key = objectKey(object.namespace, object.name);
    const last = this.#written.get(key);
    // Another process may have written the status: a change back to what this process sent before is no echo.
    if (live === desired && last !== undefined && last.sent !== desired)
      this.#written.set(key, { sent: desired, nextMs: last.nextMs });
    // Another write can't remove what another field manager owns, for example a condition of another type.
    if (live === desired || (last?.sent === desired && last.stored === live)) return undefined;
    const waitMs = (last?.nextMs ?? -Infinity) - clock.monotonicMs();
    if (waitMs > 0 && significant(object.status) === significant(status)) return waitMs;
    return this.#send(object, status, { ...last, sent: desired });
  }

  async #send(
    { namespace, name, uid }: Reported<S>,
    status: S,
    { sent, nextMs = -Infinity }: Pick<Written, "sent"> & Partial<Written>,
  ): Promise<number | undefined> {
    const { client, clock, resource, fieldManager, updateCache, statusOf, textOf } = this.#options;
    const { kind } = resource;
    const object = { apiVersion: apiVersionOf(resource), kind, metadata: { namespace, name, uid }, status };
    const key = objectKey(namespace, name);
    const startedMs = clock.monotonicMs();
    // Before the request: the watch event can arrive before the response.
    this.#written.set(key, { sent, nextMs });
    try {
      const options = { fieldManager, force: true, subresource: "status" } as const;
      const response = await client.apply(resource, object, options);
      const tookMs = clock.monotonicMs() - startedMs;
      const stored = textOf(statusOf(response));
      this.#written.set(key, {
        sent,
        nextMs: startedMs + Math.max(minIntervalMs, tookMs / timeShare),
        ...(stored !== sent && { stored }),
      });
      updateCache(response);
      return undefined;
    } catch (error) {
      // The object was deleted or recreated (another uid), was changed too often, or the API server has just started and does
      // not serve the kind yet: retry with the object that the watch delivers, if there still is one.
      if (error instanceof ApiError && (error.isNotFound || error.isConflict)) return minIntervalMs;
      throw error;
    }
  }
}
