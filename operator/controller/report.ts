import { apiVersion, kind, statusFieldManager } from "../api/names.ts";
import type { DemoAppStatus } from "../api/schema.ts";
import { canonical } from "../core/hash.ts";
import type { App } from "../core/observed.ts";
import { ApiError } from "../runtime/client.ts";
import type { Clock } from "../runtime/clock.ts";
import { type ApiClient, type KubeObject, objectKey } from "../runtime/kubernetes.ts";
import { resources } from "./resources.ts";
import { appOf } from "./transform.ts";

export interface ReporterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly learn: (object: KubeObject) => void;
}

/** How often at most a status is written for its numbers alone. */
const countsEveryMs = 1_000;
/** And how much of the time: where the API server is slow, what a reader acts on goes first. */
const countsShare = 1 / 20;

/** What a reader acts on; the rest (counts, and messages that hold them) changes with every pod. */
const gist = (status: DemoAppStatus | undefined): string =>
  canonical([
    status?.observedGeneration,
    status?.phase,
    status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status?.stable,
    status?.candidate,
    status?.rejected,
    status?.blockers?.map(({ reason }) => reason),
  ]);

/** The last write of an app's status and, where others keep something in it, what the API server made of it. */
interface Written {
  /** From when on one for its numbers alone may follow. */
  readonly countsFromMs: number;
  readonly other?: { readonly wanted: string; readonly answered: string };
}

/** A write that is about to be made. */
interface Write {
  readonly startedMs: number;
  readonly wanted: string;
}

function writtenOf(
  { startedMs, endedMs, wanted }: Write & { readonly endedMs: number },
  { status }: App,
): Written {
  const answered = canonical(status);
  const countsFromMs = startedMs + Math.max(countsEveryMs, (endedMs - startedMs) / countsShare);
  return answered === wanted ? { countsFromMs } : { countsFromMs, other: { wanted, answered } };
}

/** Writes statuses: at once where something a reader acts on has changed, once a second or less for numbers alone. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #written = new Map<string, Written>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Drops what is remembered of an app that is gone, by `namespace/name`. */
  forget(key: string): void {
    this.#written.delete(key);
  }

  /** Writes the status if it differs; returns in how many ms it has to be tried again, if it was held back. */
  async report(app: App, status: DemoAppStatus): Promise<number | undefined> {
    const [live, wanted] = [canonical(app.status), canonical(status)];
    const last = this.#written.get(objectKey(app.namespace, app.name));
    // What someone else keeps in the status, a condition of another type, can't be taken out by writing again.
    if (live === wanted || (last?.other?.wanted === wanted && last.other.answered === live)) return undefined;
    const startedMs = this.#options.clock.monotonicMs();
    const waitMs = (last?.countsFromMs ?? -Infinity) - startedMs;
    if (waitMs > 0 && gist(app.status) === gist(status)) return waitMs;
    return this.#write(app, status, { startedMs, wanted });
  }

  async #write(app: App, status: DemoAppStatus, write: Write): Promise<number | undefined> {
    const { namespace, name, uid } = app;
    const object = { apiVersion, kind, metadata: { namespace, name, uid }, status };
    const { client, clock, learn } = this.#options;
    const options = { fieldManager: statusFieldManager, force: true, subresource: "status" } as const;
    try {
      const answer = await client.apply(resources.DemoApp, object, options);
      const endedMs = clock.monotonicMs();
      this.#written.set(objectKey(namespace, name), writtenOf({ ...write, endedMs }, appOf(answer, app)));
      learn(answer);
      return undefined;
    } catch (error) {
      // Deleted meanwhile: there is nobody to report to.
      if (error instanceof ApiError && error.isNotFound) return undefined;
      // Deleted and made again, or written too often at once by others: what is there now will tell.
      if (error instanceof ApiError && error.isConflict) return countsEveryMs;
      throw error;
    }
  }
}
