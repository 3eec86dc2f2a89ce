import { type Backoff, backoffMs } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Metrics } from "./metrics.ts";

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
}

interface Delayed {
  readonly dueMs: number;
  readonly timer: Timer;
}

/**
 * A queue of keys with the guarantees of client-go's workqueue. A key waits at most once, however often it is added.
 * No two handlers run for one key at the same time. A key added while its handler runs is handled again afterwards. A
 * failing key backs off without delaying other keys. Keys are handled in FIFO order.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Waiting keys in FIFO order, with the monotonic time when each was added. */
  readonly #waiting = new Map<string, number>();
  /** Keys in progress, with the monotonic time when each handler started. */
  readonly #running = new Map<string, number>();
  /** Keys added while they were in progress, with the monotonic time when each was added. */
  readonly #dirty = new Map<string, number>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  #handler: Handler | undefined;
  #closed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#registerGauges();
  }

  /** Number of keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Adds a key, to be handled once a worker is free. */
  add(key: string): void {
    if (this.#closed || this.#waiting.has(key) || this.#dirty.has(key)) return;
    this.#options.metrics.queue.adds.inc({ name: this.#options.name });
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#running.has(key)) {
      this.#dirty.set(key, nowMs);
      return;
    }
    this.#waiting.set(key, nowMs);
    this.#dispatch();
  }

  /** Adds a key after a delay. The earliest due time wins; processing the key cancels its delay. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#waiting.has(key)) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueMs <= dueMs) return;
    if (earlier !== undefined) clock.clearTimeout(earlier.timer);
    const timer = clock.setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delayMs);
    this.#delayed.set(key, { dueMs, timer });
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

  /** Starts handling keys, or resumes after `pause`. */
  run(handler: Handler): void {
    if (this.#closed) return;
    this.#handler = handler;
    this.#dispatch();
  }

  /** Starts no more handlers. Keys can still be added, and running handlers continue. */
  pause(): void {
    this.#handler = undefined;
  }

  /** Accepts no more keys and starts no more handlers. Resolves when running handlers have ended. */
  async shutDown(): Promise<void> {
    this.#closed = true;
    this.#handler = undefined;
    this.#waiting.clear();
    for (const key of this.#delayed.keys()) this.forget(key);
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #dispatch(): void {
    for (const [key, addedMs] of this.#waiting) {
      const handler = this.#handler;
      if (handler === undefined || this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#cancelDelay(key);
      const { clock, metrics, name } = this.#options;
      const startedMs = clock.monotonicMs();
      this.#running.set(key, startedMs);
      metrics.queue.queueSeconds.observe({ name }, (startedMs - addedMs) / 1000);
      void this.#process(key, handler);
    }
  }

  /** Never rejects. */
  async #process(key: string, handler: Handler): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs();
    try {
      const result = await handler(key, this.#failures.get(key) ?? 0);
      this.#failures.delete(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      this.#retry(key, error);
    }
    this.#finish(key, startedMs);
  }

  #retry(key: string, error: unknown): void {
    const { backoff, random, metrics, name, onError } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delayMs = backoffMs(backoff, failures, random);
    metrics.queue.retries.inc({ name });
    onError(key, error, delayMs);
    this.addAfter(key, delayMs);
  }

  #finish(key: string, startedMs: number): void {
    const { clock, metrics, name } = this.#options;
    metrics.queue.workSeconds.observe({ name }, (clock.monotonicMs() - startedMs) / 1000);
    this.#running.delete(key);
    const addedMs = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (addedMs !== undefined && !this.#closed) this.#waiting.set(key, addedMs);
    this.#dispatch();
    if (this.#running.size > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Sets the gauges on each scrape, so that they cost nothing per key. */
  #registerGauges(): void {
    const { name, metrics, clock } = this.#options;
    metrics.onScrape(() => {
      const ages = [...this.#running.values()].map((startedMs) => (clock.monotonicMs() - startedMs) / 1000);
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
