import { needsEvents } from "../core/health.ts";
import type { App, Pod, PodWarning } from "../core/observed.ts";
import { truncate } from "../core/manifest.ts";
import { cleanText } from "../core/text.ts";
import { ExpectedError } from "../runtime/api-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ApiClient, CallOptions, KubeObject } from "../runtime/kubernetes.ts";
import type { Logger } from "../runtime/log.ts";
import { resources } from "./resources.ts";

/** Pods queried per app: a few are enough, because pods of one template usually fail the same way. */
const maxQueriedPods = 3;
/** Warnings read per pod. Repeated Events of a pod share one object with a count. */
const maxWarnings = 50;
/** Longest response: everyone who may edit a namespace may also write Events of 250 KB about its pods. */
const maxBytes = 256 * 1024;
/** Maximum number of cached results. */
const maxResults = 256;
/** How long a query's result is cached: the API server reads all Events of the namespace for each query. */
const cacheTtlMs = 10_000;

/** Events only explain a failure, so a reconcile waits for them only briefly. */
const callLimits: CallOptions = { timeoutMs: 2_000, retries: 0, maxBytes };

interface CachedResult {
  readonly queriedMs: number;
  readonly warnings: readonly PodWarning[];
}

export interface WarningsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
}

const warningOf = (pod: Pod, event: KubeObject): PodWarning => {
  const { reason, message } = event as KubeObject & { reason?: string; message?: string };
  return { pod: pod.name, reason: truncate(reason ?? "", 128), message: cleanText(message ?? "", 1024) };
};

/**
 * Warning events of pods. They explain what a pod's status doesn't: a failed probe's response, a missing volume. No
 * decision depends on them, so a failed query is ignored.
 */
export class Warnings {
  readonly #options: WarningsOptions;
  readonly #results = new Map<string, CachedResult>();

  constructor(options: WarningsOptions) {
    this.#options = options;
  }

  /** Warnings about the unready pods of an app whose status doesn't explain why they are unready. */
  async of(app: App, pods: readonly Pod[]): Promise<readonly PodWarning[]> {
    const nowMs = this.#options.clock.now();
    const queried = pods.filter((pod) => needsEvents(pod, nowMs)).slice(0, maxQueriedPods);
    return (await Promise.all(queried.map((pod) => this.#warningsOf(app, pod)))).flat();
  }

  async #warningsOf({ namespace }: App, pod: Pod): Promise<readonly PodWarning[]> {
    const { clock } = this.#options;
    this.#dropExpired(clock.monotonicMs() - cacheTtlMs);
    const cached = this.#results.get(pod.uid);
    if (cached) return cached.warnings;
    const warnings = await this.#query(namespace, pod);
    this.#results.set(pod.uid, { queriedMs: clock.monotonicMs(), warnings });
    const [oldest] = this.#results.size > maxResults ? this.#results.keys() : [];
    if (oldest !== undefined) this.#results.delete(oldest);
    return warnings;
  }

  async #query(namespace: string, pod: Pod): Promise<readonly PodWarning[]> {
    const { client, log } = this.#options;
    const fieldSelector = `involvedObject.uid=${pod.uid},type=Warning`;
    try {
      const events = await client.list(
        resources.Event,
        { namespace, fieldSelector, limit: maxWarnings },
        callLimits,
      );
      return events.items.map((event) => warningOf(pod, event));
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      log.debug({ namespace, pod: pod.name, cause: error.message }, "could not read a pod's events");
      return [];
    }
  }

  /** Drops results up to the given monotonic time. The map is ordered by time, oldest first. */
  #dropExpired(untilMs: number): void {
    for (const [uid, result] of this.#results) {
      if (result.queriedMs > untilMs) return;
      this.#results.delete(uid);
    }
  }
}
