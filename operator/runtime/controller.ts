import { ExpectedError, NotLeaderError } from "./api-error.ts";
import type { Backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Informer } from "./informer.ts";
import type { Logger } from "./log.ts";
import type { CacheOptions } from "./manager.ts";
import type { Metrics } from "./metrics.ts";
import type { Change } from "./storeupdater.ts";
import { type Handler, type ReconcileResult, WorkQueue } from "./workqueue.ts";

export interface ControllerOptions {
  /** The controller's name, in metrics and logs. */
  readonly name: string;
  /** Reconciles a key. If it throws, the error is logged and the key is requeued with backoff. */
  readonly reconcile: Handler;
  /** Maximum number of keys reconciled at the same time; default 4. */
  readonly concurrency?: number | undefined;
  /** Backoff of a failing key; default 200 ms to two minutes. */
  readonly backoff?: Backoff | undefined;
}

/** What a controller shares with the other controllers of its manager. */
interface Shared {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** True while keys of a namespace must wait. */
  readonly isBlocked: (namespace: string) => boolean;
  readonly declareCache: <T>(options: CacheOptions<T>) => Informer<T>;
}

export interface KeyedCacheOptions<T> extends Omit<CacheOptions<T>, "onChange" | "indexers"> {
  /** The keys `namespace/name` that an object concerns: the cache is indexed by them, and each change adds them. */
  readonly keys: (object: T) => readonly string[];
  /** Batching delay of a change, ms: changes within it share one reconcile. Undefined: the change needs none. Default 0. */
  readonly delayMs?: ((change: Change<T>) => number | undefined) | undefined;
}

export const defaultConcurrency = 4;
export const defaultBackoff: Backoff = { baseMs: 200, maxMs: 120_000 };

/** The name of the index of a cache by key. */
export const byKey = "key";

/** Log fields of an error: only the message of an expected error, also the stack trace of any other. */
const errorFields = (error: unknown): { cause: string } | { err: unknown } =>
  error instanceof ExpectedError ? { cause: error.message } : { err: error };

/** A work queue of keys and the function that reconciles them. Caches fill the queue. Made by `Manager.controller`. */
export class Controller {
  readonly queue: WorkQueue;
  readonly #options: ControllerOptions;
  readonly #shared: Shared;

  constructor(options: ControllerOptions, shared: Shared) {
    this.#options = options;
    this.#shared = shared;
    const { name, concurrency = defaultConcurrency, backoff = defaultBackoff } = options;
    const { clock, random, metrics, isBlocked, log } = shared;
    const onError = (key: string, error: unknown, retryInMs: number): void =>
      log.warn({ key, ...errorFields(error), retryInMs }, "reconcile failed, retrying");
    this.queue = new WorkQueue({ name, concurrency, backoff, clock, random, metrics, onError, isBlocked });
    metrics.declareController(name, concurrency);
  }

  /**
   * Declares a cache whose objects concern keys. A change adds the keys of the object, and of its previous state. Objects of
   * the first list are resyncs, which come after changes.
   */
  cache<T>({ keys, delayMs = () => 0, ...options }: KeyedCacheOptions<T>): Informer<T> {
    return this.#shared.declareCache<T>({
      ...options,
      indexers: { [byKey]: keys },
      onChange: (change) => {
        const delay = delayMs(change);
        if (delay === undefined) return;
        const { object, previous, isInitial } = change;
        for (const key of new Set([...keys(object), ...(previous === undefined ? [] : keys(previous))]))
          this.queue.addAfter(key, delay, isInitial === true ? "resync" : "change");
      },
    });
  }

  /** Starts reconciling, or resumes after `pause`. */
  run(): void {
    this.queue.run((key, failures) => this.#reconcile(key, failures));
  }

  pause(): void {
    this.queue.pause();
  }

  /** Starts no more reconciles. Resolves when those in progress have ended. */
  stop(): Promise<void> {
    return this.queue.shutDown();
  }

  async #reconcile(key: string, failures: number): Promise<ReconcileResult | void> {
    const { name: controller, reconcile } = this.#options;
    const { clock, metrics } = this.#shared;
    const startedMs = clock.monotonicMs();
    let result: ReconcileResult | void = undefined;
    try {
      result = await reconcile(key, failures);
    } catch (error) {
      // This process lost the lease during the reconcile. Requeue the key for when it leads again; not a failure.
      if (error instanceof NotLeaderError) return { requeueAfterMs: 1_000 };
      if (!(error instanceof ExpectedError)) metrics.reconcile.panics.inc({ controller });
      metrics.reconcile.errors.inc({ controller });
      metrics.reconcile.total.inc({ controller, result: "error" });
      throw error;
    } finally {
      metrics.reconcile.seconds.observe({ controller }, (clock.monotonicMs() - startedMs) / 1000);
    }
    const kind = result?.requeueAfterMs === undefined ? "success" : "requeue_after";
    metrics.reconcile.total.inc({ controller, result: kind });
    return result;
  }
}
