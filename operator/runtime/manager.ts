import type { Backoff } from "./backoff.ts";
import { ExpectedError } from "./api-error.ts";
import { type Clock, sleep } from "./clock.ts";
import { EventRecorder } from "./events.ts";
import type { Checks } from "./health.ts";
import type { ApiClient, KubeObject, ResourceType } from "./kubernetes.ts";
import { LeaderElector, NotLeaderError } from "./leader.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Change } from "./storeupdater.ts";
import { Informer } from "./informer.ts";
import type { Indexer } from "./store.ts";
import { type Handler, type ReconcileResult, WorkQueue } from "./workqueue.ts";

export interface ManagerOptions {
  /** Of the controller: in metrics, logs and events. */
  readonly name: string;
  readonly client: ApiClient;
  /** Which namespaces to watch; undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** How many keys are reconciled at once. */
  readonly concurrency: number;
  readonly backoff: Backoff;
  /** The Lease to hold while writing, and this process's unique name; undefined: there is only one process. */
  readonly leaderElection?:
    { readonly namespace: string; readonly name: string; readonly identity: string } | undefined;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface CacheOptions<T> {
  readonly resource: ResourceType;
  /** Instead of the manager's. */
  readonly namespaces?: readonly string[] | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Keeps of an object what is used; `previous` is what was kept of it before. */
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>> | undefined;
  /** Called after the store has changed: to add to the queue what the change concerns. */
  readonly onChange: (change: Change<T>) => void;
}

/** Longer than any single wait of a watch loop: one that has given no sign for so long is stuck. */
const stuckMs = 300_000;
/** Of the 10 s that a stop may take: what runs gets most, then the lease is released. */
const drainMs = 6_500;
const flushMs = 1_000;
const releaseMs = 2_000;

interface Drain {
  /** Takes no more work and resolves when what runs has ended. */
  stop(): Promise<void>;
}

type Follows = Pick<Informer<unknown>, "start" | "stop" | "synced" | "whenSynced" | "lastSeenMs">;

/** An error for the log: the stack only where it tells something. */
const causeOf = (error: unknown): { cause: string } | { err: unknown } =>
  error instanceof ExpectedError ? { cause: error.message } : { err: error };

/** Resolves with whether the work ended within the time. */
const endsWithin = async (clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> => {
  const timer = new AbortController();
  const ended = await Promise.race([
    work.then(() => true),
    sleep(clock, limitMs, timer.signal).then(() => false),
  ]);
  timer.abort();
  return ended;
};

/**
 * Runs one controller: caches, the queue, the election, events. Work starts once every cache is filled and we lead;
 * it pauses when the lease is lost and goes on when it is won again.
 */
export class Manager {
  /** Refuses writes with `NotLeaderError` while we don't lead. */
  readonly client: ApiClient;
  readonly queue: WorkQueue;
  readonly events: EventRecorder;
  readonly #options: ManagerOptions;
  readonly #leader: LeaderElector | undefined;
  readonly #caches: { readonly plural: string; readonly informer: Follows }[] = [];
  readonly #drains: Drain[] = [];
  #handler: Handler | undefined;
  #filled = false;
  #stopped: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    const { name, client, leaderElection, clock, random, log, metrics, concurrency, backoff } = options;
    this.#options = options;
    const onError = (key: string, error: unknown, retryInMs: number): void =>
      log.warn({ key, ...causeOf(error), retryInMs }, "reconciling failed, will retry");
    this.queue = new WorkQueue({ name, concurrency, backoff, clock, random, metrics, onError });
    if (leaderElection !== undefined) {
      const resume = (): void => this.#workIfReady();
      const pause = (): void => this.queue.pause();
      const shared = { client, clock, random, log, metrics };
      this.#leader = new LeaderElector({ ...leaderElection, ...shared, onStarted: resume, onStopped: pause });
    }
    const leader = this.#leader;
    this.client = leader === undefined ? client : client.fenced(() => leader.fence());
    this.events = new EventRecorder({
      client: this.client,
      component: name,
      instance: leaderElection?.identity ?? name,
      clock,
      log,
      metrics,
    });
  }

  /** Declares a cache; to be called before `start`. */
  cache<T>(options: CacheOptions<T>): Informer<T> {
    const { client, namespaces, clock, random, log, metrics } = this.#options;
    const informer = new Informer({ client, namespaces, clock, random, log, metrics, ...options });
    this.#caches.push({ plural: options.resource.plural, informer });
    return informer;
  }

  /** Declares something else that has to finish before the lease may be released. */
  drainOnStop(drain: Drain): void {
    this.#drains.push(drain);
  }

  /** Starts watching and trying to lead; `reconcile` is called for queued keys as soon as work may start. */
  start(reconcile: Handler): void {
    this.#handler = (key) => this.#reconcile(key, reconcile);
    for (const { informer } of this.#caches) informer.start();
    this.#leader?.start();
    void this.#startWorkOnceFilled();
  }

  /** Whether this process may write now. */
  isLeader(): boolean {
    return this.#leader?.isLeader() ?? true;
  }

  /** Stops taking work, finishes what runs, writes pending events, releases the lease: within 10 s. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Whether a restart would help. */
  get live(): Checks {
    return Object.fromEntries(
      this.#caches.map(({ plural, informer }) => [`watch-${plural}`, () => this.#stuck(informer)]),
    );
  }

  /** Whether work can be done, now or as soon as we lead. */
  get ready(): Checks {
    const caches = this.#caches.map(
      ({ plural, informer }) =>
        [`cache-${plural}`, () => (informer.synced() ? undefined : "not filled")] as const,
    );
    return {
      ...Object.fromEntries(caches),
      running: () => (this.#stopped === undefined ? undefined : "stopping"),
    };
  }

  #stuck(informer: Follows): string | undefined {
    const silentMs = this.#options.clock.monotonicMs() - informer.lastSeenMs;
    return silentMs < stuckMs ? undefined : `no sign of life for ${Math.round(silentMs / 1000)} s`;
  }

  async #startWorkOnceFilled(): Promise<void> {
    await Promise.all(this.#caches.map(({ informer }) => informer.whenSynced()));
    this.#filled = true;
    this.#options.log.info({ keys: this.queue.depth }, "caches are filled");
    this.#workIfReady();
  }

  #workIfReady(): void {
    if (this.#filled && this.isLeader() && this.#handler !== undefined) this.queue.run(this.#handler);
  }

  async #reconcile(key: string, reconcile: Handler): Promise<ReconcileResult | void> {
    const { clock, metrics, name: controller } = this.#options;
    const startedMs = clock.monotonicMs();
    let result: ReconcileResult | void = undefined;
    try {
      result = await reconcile(key);
    } catch (error) {
      // The lease was lost in the middle: the key waits until we lead again, and nothing has failed.
      if (error instanceof NotLeaderError) return { requeueAfterMs: 1_000 };
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

  async #stop(): Promise<void> {
    const { clock, log } = this.#options;
    const stopping = this.#caches.map(({ informer }) => informer.stop());
    const drained = Promise.all([this.queue.shutDown(), ...this.#drains.map((drain) => drain.stop())]);
    if (!(await endsWithin(clock, drainMs, drained))) log.warn("stopping in the middle of a reconciliation");
    if (!(await endsWithin(clock, flushMs, this.events.flush()))) log.warn("stopping with unwritten events");
    const ended = Promise.all([...stopping, this.#leader?.stop()]);
    if (!(await endsWithin(clock, releaseMs, ended))) log.warn("stopping without a released lease");
  }
}
