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
  /** The controller's name, in metrics, logs and events. */
  readonly name: string;
  readonly client: ApiClient;
  /** The namespaces to watch; undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Maximum number of keys reconciled at the same time. */
  readonly concurrency: number;
  readonly backoff: Backoff;
  /** The Lease of the leader election, and this process's unique identity; undefined: no leader election. */
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
  /** The namespaces to watch; default: the manager's. */
  readonly namespaces?: readonly string[] | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Reduces an object to what the cache keeps. `previous` is the cached state before, if any. */
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>> | undefined;
  /** Called after each change of the store, to queue the affected keys. */
  readonly onChange: (change: Change<T>) => void;
}

/** A reflector without activity for this long is stuck: every wait of its loop is shorter. */
const stuckMs = 300_000;
/** A reconcile that has run for this long hangs: each of its requests ends within minutes. */
const hangingMs = 1_800_000;
/** A stop takes at most 10 s: first reconciles in progress end, then events are written and the lease is released. */
const drainMs = 6_500;
const flushMs = 1_000;
const releaseMs = 2_000;

interface Drainable {
  /** Accepts no more work. Resolves when all work in progress has ended. */
  stop(): Promise<void>;
}

type CacheState = Pick<Informer<unknown>, "start" | "stop" | "synced" | "whenSynced" | "lastActiveMs">;

/** Log fields of an error: only the message of an expected error, also the stack trace of any other. */
const errorFields = (error: unknown): { cause: string } | { err: unknown } =>
  error instanceof ExpectedError ? { cause: error.message } : { err: error };

/** Resolves with true if the work ends within the time. */
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
 * Runs one controller: caches, work queue, leader election and events. The process stands for election once its caches are
 * synced, and reconciles while it leads. A key waits while a kind can't be read in the key's namespace. A process that
 * can't read its kinds in any namespace gives up the lease.
 */
export class Manager {
  /** Rejects writes with `NotLeaderError` while this process does not lead. */
  readonly client: ApiClient;
  readonly queue: WorkQueue;
  readonly events: EventRecorder;
  readonly #options: ManagerOptions;
  readonly #leader: LeaderElector | undefined;
  readonly #caches: { readonly plural: string; readonly informer: CacheState }[] = [];
  readonly #drainables: Drainable[] = [];
  /** For each namespace, whether its keys must wait; filled on demand. */
  readonly #blocked = new Map<string, boolean>();
  #handler: Handler | undefined;
  /** True while all kinds can be read in at least one namespace. */
  #canWork = false;
  #stopped: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    const { name, client, leaderElection, clock, random, log, metrics, concurrency, backoff } = options;
    this.#options = options;
    metrics.declareController(name, concurrency);
    const onError = (key: string, error: unknown, retryInMs: number): void =>
      log.warn({ key, ...errorFields(error), retryInMs }, "reconcile failed, retrying");
    const isBlocked = (namespace: string): boolean => this.#isBlocked(namespace);
    this.queue = new WorkQueue({ name, concurrency, backoff, clock, random, metrics, onError, isBlocked });
    if (leaderElection !== undefined) {
      const resume = (): void => this.#runIfReady();
      const pause = (): void => this.queue.pause();
      const shared = { client, clock, random, log, metrics };
      const callbacks = { onStarted: resume, onStopped: pause, isEligible: () => this.#canWork };
      this.#leader = new LeaderElector({ ...leaderElection, ...shared, ...callbacks });
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

  /** Declares a cache. Call it before `start`. */
  cache<T>(options: CacheOptions<T>): Informer<T> {
    const { client, namespaces, clock, random, log, metrics } = this.#options;
    const onSyncedChange = (): void => this.#onSyncedChange();
    const shared = { client, namespaces, clock, random, log, metrics, onSyncedChange };
    const informer = new Informer({ ...shared, ...options });
    this.#caches.push({ plural: options.resource.plural, informer });
    return informer;
  }

  /** Registers other work that must end before the lease is released. */
  drainOnStop(drainable: Drainable): void {
    this.#drainables.push(drainable);
  }

  /** Starts the watches, and the election once synced. Calls `reconcile` for queued keys while leading. */
  start(reconcile: Handler): void {
    this.#handler = (key, failures) => this.#reconcile(() => reconcile(key, failures));
    for (const { informer } of this.#caches) informer.start();
    this.#onSyncedChange();
  }

  /** True if this process may write now. */
  isLeader(): boolean {
    return this.#leader?.isLeader() ?? true;
  }

  /** Stops within 10 s: ends reconciles in progress, writes pending events, releases the lease. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Liveness checks: each fails if a watch is stuck or a reconcile hangs, so that a restart helps. */
  get live(): Checks {
    const watches = this.#caches.map(
      ({ plural, informer }) => [`watch-${plural}`, () => this.#stuckReason(informer)] as const,
    );
    return { ...Object.fromEntries(watches), reconciles: () => this.#hangingReason() };
  }

  /** Readiness checks: they pass if this process can reconcile, now or once it leads. */
  get ready(): Checks {
    const caches = this.#caches.map(
      ({ plural, informer }) =>
        [
          `cache-${plural}`,
          () => (this.#scopes().some((scope) => informer.synced(scope)) ? undefined : "not synced"),
        ] as const,
    );
    return {
      ...Object.fromEntries(caches),
      running: () => (this.#stopped === undefined ? undefined : "stopping"),
    };
  }

  #stuckReason(informer: CacheState): string | undefined {
    const inactiveMs = this.#options.clock.monotonicMs() - informer.lastActiveMs;
    return inactiveMs < stuckMs ? undefined : `no activity for ${Math.round(inactiveMs / 1000)} s`;
  }

  #hangingReason(): string | undefined {
    const { longestRunningMs } = this.queue;
    return longestRunningMs < hangingMs
      ? undefined
      : `a reconcile has run for ${Math.round(longestRunningMs / 60_000)} minutes`;
  }

  /** The namespaces that are watched; undefined: all. */
  #scopes(): readonly (string | undefined)[] {
    return this.#options.namespaces ?? [undefined];
  }

  #isSynced(namespace?: string): boolean {
    return this.#caches.every(({ informer }) => informer.synced(namespace));
  }

  /** True for a namespace in which a kind can't be read. A key without a namespace needs all namespaces. */
  #isBlocked(namespace: string): boolean {
    const known = this.#blocked.get(namespace);
    if (known !== undefined) return known;
    const isBlocked = !this.#isSynced(namespace === "" ? undefined : namespace);
    this.#blocked.set(namespace, isBlocked);
    return isBlocked;
  }

  #onSyncedChange(): void {
    this.#blocked.clear();
    if (this.#handler === undefined) return;
    const couldWork = this.#canWork;
    this.#canWork = this.#scopes().some((scope) => this.#isSynced(scope));
    const { log } = this.#options;
    if (this.#canWork && !couldWork) log.info({ keys: this.queue.depth }, "caches are synced");
    if (couldWork && !this.#canWork) log.warn("pausing: a kind can't be read in any namespace");
    if (this.#canWork) this.#leader?.start();
    this.#runIfReady();
    this.queue.wake();
  }

  #runIfReady(): void {
    if (this.#canWork && this.isLeader() && this.#handler !== undefined) this.queue.run(this.#handler);
  }

  async #reconcile(reconcile: () => ReturnType<Handler>): Promise<ReconcileResult | void> {
    const { clock, metrics, name: controller } = this.#options;
    const startedMs = clock.monotonicMs();
    let result: ReconcileResult | void = undefined;
    try {
      result = await reconcile();
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

  async #stop(): Promise<void> {
    const { clock, log } = this.#options;
    const stopping = this.#caches.map(({ informer }) => informer.stop());
    const drained = Promise.all([this.queue.shutDown(), ...this.#drainables.map((drain) => drain.stop())]);
    if (!(await endsWithin(clock, drainMs, drained))) log.warn("stopping while a reconcile is in progress");
    if (!(await endsWithin(clock, flushMs, this.events.flush())))
      log.warn("stopping before all events are written");
    const ended = Promise.all([...stopping, this.#leader?.stop()]);
    if (!(await endsWithin(clock, releaseMs, ended)))
      log.warn("stopping before the leader lease is released");
  }
}
