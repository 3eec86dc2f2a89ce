import { retryAfterOf } from "./api-error.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";
import { type Lane, Lanes, type Waiting } from "./lanes.ts";
import type { Metrics } from "./metrics.ts";
import { Workers } from "./workers.ts";

/** The result of a handler. */
export interface ReconcileResult {
  /** Delay after which the key is handled again; undefined: only when it is added again. */
  readonly requeueAfterMs?: number | undefined;
}

/** Handles a key. `failures` counts how often in a row the handler has thrown for the key until now. */
export type Handler = (key: string, failures: number) => Promise<ReconcileResult | void>;

export interface WorkQueueOptions {
  readonly name: string;
  /** Maximum number of keys processed at the same time. */
  readonly concurrency: number;
  readonly backoff: Backoff;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly metrics: Metrics;
  /** Called when a handler throws. The key is requeued after `retryInMs`. */
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
  /** True while keys of a namespace must wait. Call `wake` when the answer may have changed. */
  readonly isBlocked?: ((namespace: string) => boolean) | undefined;
}

/** The longest delay that a Retry-After header can cause. */
const maxRetryAfterMs = 300_000;

interface Delayed {
  readonly dueMs: number;
  readonly lane: Lane;
  readonly timer: Timer;
}

/**
 * A queue of keys `namespace/name` with the guarantees of client-go's workqueue. A key waits at most once, however often it
 * is added. No two handlers run for one key at the same time. A key added while its handler runs is handled again
 * afterwards. A failing key backs off without delaying other keys. Changes come before resyncs, namespaces take turns, and
 * no namespace has all workers.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Lanes();
  readonly #workers: Workers;
  /** Keys added while they were in progress. */
  readonly #dirty = new Map<string, Waiting>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  #handler: Handler | undefined;
  #closed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#workers = new Workers(options.concurrency);
    this.#registerGauges();
  }

  /** Number of keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** How long the longest running handler has run, in ms. */
  get longestRunningMs(): number {
    return Math.max(0, ...this.#workers.agesMs(this.#options.clock.monotonicMs()));
  }

  /** Adds a key, to be handled once a worker is free. */
  add(key: string, lane: Lane = "change"): void {
    if (this.#closed) return;
    const { clock, metrics, name } = this.#options;
    const waiting = { key, lane, addedMs: clock.monotonicMs() };
    if (this.#workers.has(key)) {
      const known = this.#dirty.get(key);
      if (known === undefined) metrics.queue.adds.inc({ name });
      if (known === undefined || lane === "change") this.#dirty.set(key, { ...waiting, ...known, lane });
      return;
    }
    if (!this.#waiting.has(key)) metrics.queue.adds.inc({ name });
    this.#waiting.add(waiting);
    this.#dispatch();
  }

  /** Adds a key after a delay. The earliest due time wins; processing the key cancels its delay. */
  addAfter(key: string, delayMs: number, lane: Lane = "change"): void {
    if (this.#closed) return;
    // A waiting key needs no delay, but may have to change lanes.
    if (delayMs <= 0 || this.#waiting.has(key)) {
      this.add(key, lane);
      return;
    }
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    const earlier = this.#delayed.get(key);
    const isChange = lane === "change" || earlier?.lane === "change";
    const delayed = { dueMs, lane: isChange ? ("change" as const) : lane };
    if (earlier !== undefined && earlier.dueMs <= dueMs) {
      this.#delayed.set(key, { ...earlier, lane: delayed.lane });
      return;
    }
    if (earlier !== undefined) clock.clearTimeout(earlier.timer);
    this.#delayed.set(key, { ...delayed, timer: clock.setTimeout(() => this.#addDue(key), delayMs) });
  }

  #addDue(key: string): void {
    const due = this.#delayed.get(key);
    this.#delayed.delete(key);
    this.add(key, due?.lane);
  }

  /** Drops a key's failure count and pending delay. */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#cancelDelay(key);
  }

  #cancelDelay(key: string): void {
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined) this.#options.clock.clearTimeout(delayed.timer);
    this.#delayed.delete(key);
  }

  /**
   * Starts handling keys, or resumes after `pause`. Keys that waited meanwhile are resyncs, also those with changes: a new
   * leader has one for nearly every app, and a later change must not wait behind them.
   */
  run(handler: Handler): void {
    if (this.#closed) return;
    if (this.#handler === undefined) this.#waiting.demote();
    this.#handler = handler;
    this.#dispatch();
  }

  /** Starts handlers for keys that `isBlocked` does not hold back any more. */
  wake(): void {
    this.#dispatch();
  }

  /** Starts no more handlers. Keys can still be added, and running handlers continue. */
  pause(): void {
    this.#handler = undefined;
  }

  /** True if no handler runs. */
  get isIdle(): boolean {
    return this.#workers.size === 0;
  }

  /** Resolves when no handler runs. */
  async whenIdle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Accepts no more keys and starts no more handlers. Resolves when running handlers have ended. */
  async shutDown(): Promise<void> {
    this.#closed = true;
    this.#handler = undefined;
    this.#waiting.clear();
    for (const key of this.#delayed.keys()) this.forget(key);
    await this.whenIdle();
  }

  #dispatch(): void {
    while (this.#handler !== undefined && !this.#workers.isFull) {
      const next = this.#waiting.take((namespace) => this.#mayRun(namespace));
      if (next === undefined) return;
      this.#cancelDelay(next.key);
      const { clock, metrics, name } = this.#options;
      const startedMs = clock.monotonicMs();
      this.#workers.start(next.key, startedMs);
      metrics.queue.queueSeconds.observe({ name }, (startedMs - next.addedMs) / 1000);
      void this.#process(next, this.#handler);
    }
  }

  #mayRun(namespace: string): boolean {
    const isBlocked = this.#options.isBlocked ?? (() => false);
    const hasClaim = (other: string): boolean => !isBlocked(other) && !this.#workers.hasQuarter(other);
    const othersWait = (): boolean => this.#waiting.someNamespace(hasClaim);
    return !isBlocked(namespace) && !this.#workers.hasShare(namespace, othersWait);
  }

  /** Never rejects. */
  async #process({ key, lane }: Waiting, handler: Handler): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs();
    try {
      const result = await handler(key, this.#failures.get(key) ?? 0);
      this.#failures.delete(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs, lane);
    } catch (error) {
      this.addAfter(key, this.#countFailure(key, error), lane);
    }
    this.#finish(key, startedMs);
  }

  /** Returns the delay in ms until the key is handled again: its backoff, or longer if the API server asks for that. */
  #countFailure(key: string, error: unknown): number {
    const { backoff, random, metrics, name, onError } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const askedMs = retryAfterOf(error, maxRetryAfterMs);
    const delayMs = Math.max(askedMs, backoffMs(backoff, failures, random));
    metrics.queue.retries.inc({ name });
    onError(key, error, delayMs);
    return delayMs;
  }

  #finish(key: string, startedMs: number): void {
    const { clock, metrics, name } = this.#options;
    metrics.queue.workSeconds.observe({ name }, (clock.monotonicMs() - startedMs) / 1000);
    this.#workers.end(key);
    const dirty = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (dirty !== undefined && !this.#closed) this.#waiting.add(dirty);
    this.#dispatch();
    if (this.#workers.size > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Sets the gauges on each scrape, so that they cost nothing per key. */
  #registerGauges(): void {
    const { name, metrics, clock } = this.#options;
    metrics.onScrape(() => {
      const ages = this.#workers.agesMs(clock.monotonicMs()).map((ms) => ms / 1000);
      // A paused queue reports no backlog: the leader handles these keys.
      metrics.queue.depth.set({ name }, this.#handler === undefined ? 0 : this.#waiting.size);
      metrics.queue.activeWorkers.set({ controller: name }, ages.length);
      metrics.queue.unfinishedSeconds.set(
        { name },
        ages.reduce((sum, age) => sum + age, 0),
      );
      metrics.queue.longestRunningSeconds.set({ name }, Math.max(0, ...ages));
    });
  }
}
