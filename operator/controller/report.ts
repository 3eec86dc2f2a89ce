import { apiVersion, kind, statusFieldManager } from "../api/names.ts";
import type { DemoAppStatus } from "../api/schema.ts";
import { canonical } from "../core/hash.ts";
import type { App } from "../core/observed.ts";
import { ApiError } from "../runtime/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Change } from "../runtime/storeupdater.ts";
import { type ApiClient, type KubeObject, objectKey } from "../runtime/kubernetes.ts";
import { resources } from "./resources.ts";
import { appOf } from "./transform.ts";
import { isUrgentAppChange } from "./urgency.ts";

export interface ReporterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Stores the response to a status write in the cache. */
  readonly updateCache: (object: KubeObject) => void;
}

/** Minimum interval between two status writes that change only counts. */
const countsIntervalMs = 1_000;
/** Share of time for count-only status writes: a write of t ms delays the next one by 20 t. */
const countsTimeShare = 1 / 20;

/** The status fields that people and tools act on. The others (counts, and messages with counts) change with every pod. */
const significantFields = (status: DemoAppStatus | undefined): string =>
  canonical([
    status?.observedGeneration,
    status?.phase,
    status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status?.stable,
    status?.candidate,
    status?.rejected,
    status?.blockers?.map(({ reason }) => reason),
  ]);

/** The last write of an app's status. */
interface LastWrite {
  /** Monotonic time from which a count-only write is allowed. */
  readonly countsFromMs: number;
  /** Set if the API server stored another status than the desired one, because other field managers own parts of it. */
  readonly foreign?: { readonly desired: string; readonly stored: string };
}

interface PendingWrite {
  readonly startedMs: number;
  readonly desired: string;
}

function lastWriteOf(
  { startedMs, endedMs, desired }: PendingWrite & { readonly endedMs: number },
  { status }: App,
): LastWrite {
  const stored = canonical(status);
  const countsFromMs = startedMs + Math.max(countsIntervalMs, (endedMs - startedMs) / countsTimeShare);
  return stored === desired ? { countsFromMs } : { countsFromMs, foreign: { desired, stored } };
}

/** Writes statuses: significant changes at once, count-only changes at most once a second. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #lastWrites = new Map<string, LastWrite>();
  /** The last status that was sent, or found in the cache as desired; canonical JSON, by `namespace/name`. */
  readonly #sent = new Map<string, string>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Drops the record of a deleted app, by `namespace/name`. */
  forget(key: string): void {
    this.#lastWrites.delete(key);
    this.#sent.delete(key);
  }

  /** True if a change is only the status that this process wants: it says nothing new. */
  isEcho(change: Change<App>): boolean {
    if (isUrgentAppChange(change)) return false;
    const { namespace, name, status } = change.object;
    return this.#sent.get(objectKey(namespace, name)) === canonical(status);
  }

  /** Writes the status if it differs from the live one. Returns the delay in ms after which a retry is due, if any. */
  async report(app: App, status: DemoAppStatus): Promise<number | undefined> {
    const [live, desired] = [canonical(app.status), canonical(status)];
    const last = this.#lastWrites.get(objectKey(app.namespace, app.name));
    // Another write can't remove what another field manager owns, for example a condition of another type.
    if (live === desired || (last?.foreign?.desired === desired && last.foreign.stored === live)) {
      // An earlier write may have been stored although its response was lost: its event is no echo any more.
      this.#sent.set(objectKey(app.namespace, app.name), desired);
      return undefined;
    }
    const startedMs = this.#options.clock.monotonicMs();
    const waitMs = (last?.countsFromMs ?? -Infinity) - startedMs;
    if (waitMs > 0 && significantFields(app.status) === significantFields(status)) return waitMs;
    return this.#write(app, status, { startedMs, desired });
  }

  async #write(app: App, status: DemoAppStatus, pending: PendingWrite): Promise<number | undefined> {
    const { namespace, name, uid } = app;
    const object = { apiVersion, kind, metadata: { namespace, name, uid }, status };
    const { client, clock, updateCache } = this.#options;
    const options = { fieldManager: statusFieldManager, force: true, subresource: "status" } as const;
    // Before the request: the watch event can arrive before the response.
    this.#sent.set(objectKey(namespace, name), pending.desired);
    try {
      const response = await client.apply(resources.DemoApp, object, options);
      const endedMs = clock.monotonicMs();
      const lastWrite = lastWriteOf({ ...pending, endedMs }, appOf(response, app));
      this.#lastWrites.set(objectKey(namespace, name), lastWrite);
      updateCache(response);
      return undefined;
    } catch (error) {
      // The DemoApp was deleted: no status to write.
      if (error instanceof ApiError && error.isNotFound) return undefined;
      // The DemoApp was recreated (another uid) or changed too often: retry with the object that the watch delivers.
      if (error instanceof ApiError && error.isConflict) return countsIntervalMs;
      throw error;
    }
  }
}
