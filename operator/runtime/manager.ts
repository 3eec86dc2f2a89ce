import { type Clock, endsWithin, realClock } from "./clock.ts";
import { Controller, type ControllerOptions } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import type { Checks } from "./health.ts";
import { hangingReason, stuckReason } from "./liveness.ts";
import { type ApiClient, type KubeObject, type ResourceType, apiVersionOf } from "./kubernetes.ts";
import { NotLeaderError } from "./api-error.ts";
import { LeaderElector } from "./leader.ts";
import { type Logger, createLogger } from "./log.ts";
import { type Metrics, createMetrics } from "./metrics.ts";
import { Informer, type InformerOptions } from "./informer.ts";

export interface ManagerOptions {
  /** The operator's name, in its events. */
  readonly name: string;
  readonly client: ApiClient;
  /** The namespaces to watch; undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** The Lease of the leader election, and this process's unique identity; undefined: no leader election. */
  readonly leaderElection?:
    { readonly namespace: string; readonly name: string; readonly identity: string } | undefined;
  /** Default: the machine's clocks. */
  readonly clock?: Clock | undefined;
  /** In [0, 1), for jitter; default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default: JSON lines of level info and above on stdout. */
  readonly log?: Logger | undefined;
  readonly metrics?: Metrics | undefined;
}

type SharedCacheOption =
  "resource" | "labelSelector" | "fieldSelector" | "pageSize" | "transform" | "indexers" | "onChange";

export interface CacheOptions<T> extends Pick<InformerOptions<T>, SharedCacheOption> {
  /** The namespaces to watch; default: the manager's. */
  readonly namespaces?: readonly string[] | undefined;
}

/** A stop takes at most 10 s: first reconciles in progress end, then events are written and the lease is released. */
const drainMs = 6_500;
const flushMs = 1_000;
const releaseMs = 2_000;

interface Drainable {
  /** Accepts no more work. Resolves when all work in progress has ended. */
  stop(): Promise<void>;
}

type CacheState = Pick<Informer<unknown>, "start" | "stop" | "synced" | "lastActiveMs" | "update">;

interface Cache {
  readonly resource: ResourceType;
  readonly informer: CacheState;
}

/**
 * Runs controllers, which share caches, the leader election and the events. The process stands for election once its caches
 * are synced, and reconciles while it leads. A key waits while a kind can't be read in the key's namespace. A process that
 * can't read its kinds in any namespace gives up the lease.
 */
export class Manager {
  /** Rejects writes with `NotLeaderError` while this process does not lead. */
  readonly client: ApiClient;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly #options: ManagerOptions;
  readonly #leader: LeaderElector | undefined;
  readonly #caches: Cache[] = [];
  readonly #controllers: Controller[] = [];
  readonly #drainables: Drainable[] = [];
  /** For each namespace, whether its keys must wait; filled on demand. */
  readonly #blocked = new Map<string, boolean>();
  #started = false;
  #worksSinceMs: number | undefined;
  /** True while all kinds can be read in at least one namespace. */
  #canWork = false;
  /** True from the end of a term until its last reconcile has ended. */
  #isEndingTerm = false;
  #stopped: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    const { name, client, leaderElection } = options;
    this.#options = options;
    this.clock = options.clock ?? realClock;
    this.random = options.random ?? Math.random;
    this.log = options.log ?? createLogger("info");
    this.metrics = options.metrics ?? createMetrics();
    const { clock, random, log, metrics } = this;
    if (leaderElection !== undefined) {
      const callbacks = { onStarted: () => this.#runIfReady(), onStopped: () => void this.#pause() };
      const isIdle = (): boolean => this.#controllers.every(({ queue }) => queue.isIdle);
      const conditions = { isEligible: () => this.#canWork && !this.#isEndingTerm, isIdle };
      const shared = { client, clock, random, log, metrics };
      this.#leader = new LeaderElector({ ...leaderElection, ...shared, ...callbacks, ...conditions });
    }
    this.client = client.fenced(() => this.#fence());
    const source = { component: name, instance: leaderElection?.identity ?? name };
    this.events = new EventRecorder({ client: this.client, ...source, clock, log, metrics });
  }

  /** Creates a controller. Call it before `start`. */
  controller(options: ControllerOptions): Controller {
    const { clock, random, log, metrics } = this;
    const isBlocked = (namespace: string): boolean => this.#isBlocked(namespace);
    const declareCache = <T>(cache: CacheOptions<T>): Informer<T> => this.cache(cache);
    const controller = new Controller(options, { clock, random, log, metrics, isBlocked, declareCache });
    this.#controllers.push(controller);
    return controller;
  }

  /** Declares a cache, which several controllers can use. Call it before `start`. */
  cache<T>(options: CacheOptions<T>): Informer<T> {
    const { client, namespaces } = this.#options;
    const { clock, random, log, metrics } = this;
    const onSyncedChange = (): void => this.#onSyncedChange();
    const shared = { client, namespaces, clock, random, log, metrics, onSyncedChange };
    const informer = new Informer({ ...shared, ...options });
    this.#caches.push({ resource: options.resource, informer });
    return informer;
  }

  /** Stores the response to a write in the caches of its kind, so that the next reconcile sees the write. */
  updateCaches(object: KubeObject): void {
    for (const { resource, informer } of this.#caches)
      if (resource.kind === object.kind && apiVersionOf(resource) === object.apiVersion)
        informer.update(object);
  }

  /** Registers other work that must end before the lease is released. */
  drainOnStop(drainable: Drainable): void {
    this.#drainables.push(drainable);
  }

  /** Starts the watches, and the election once synced. The controllers run while this process leads. */
  start(): void {
    this.#started = true;
    for (const { informer } of this.#caches) informer.start();
    this.#onSyncedChange();
  }

  /** Since when this process reconciles, ms since 1970; undefined while it doesn't. */
  get worksSinceMs(): number | undefined {
    return this.#worksSinceMs;
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
    const { clock } = this;
    const watches = this.#caches.map(
      ({ resource, informer }) =>
        [`watch-${resource.plural}`, () => stuckReason(informer.lastActiveMs, clock)] as const,
    );
    const longestMs = (): number =>
      Math.max(0, ...this.#controllers.map(({ queue }) => queue.longestRunningMs));
    return { ...Object.fromEntries(watches), reconciles: () => hangingReason(longestMs()) };
  }

  /** Readiness checks: they pass if this process can reconcile, now or once it leads. */
  get ready(): Checks {
    const caches = this.#caches.map(
      ({ resource, informer }) =>
        [
          `cache-${resource.plural}`,
          () => (this.#scopes().some((scope) => informer.synced(scope)) ? undefined : "not synced"),
        ] as const,
    );
    return {
      ...Object.fromEntries(caches),
      running: () => (this.#stopped === undefined ? undefined : "stopping"),
    };
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
    if (!this.#started) return;
    const couldWork = this.#canWork;
    this.#canWork = this.#scopes().some((scope) => this.#isSynced(scope));
    const keys = this.#controllers.reduce((sum, { queue }) => sum + queue.depth, 0);
    if (this.#canWork && !couldWork) this.log.info({ keys }, "caches are synced");
    if (couldWork && !this.#canWork) this.log.warn("pausing: a kind can't be read in any namespace");
    if (this.#canWork) this.#leader?.start();
    this.#runIfReady();
    for (const { queue } of this.#controllers) queue.wake();
  }

  #runIfReady(): void {
    if (!this.#canWork || !this.isLeader() || this.#isEndingTerm) return;
    this.#worksSinceMs ??= this.clock.now();
    for (const controller of this.#controllers) controller.run();
  }

  /** Ends the term: reconciles in progress must not write in the next term, which other processes may precede. */
  async #pause(): Promise<void> {
    for (const controller of this.#controllers) controller.pause();
    this.#isEndingTerm = true;
    this.#worksSinceMs = undefined;
    await Promise.all(this.#controllers.map(({ queue }) => queue.whenIdle()));
    this.#isEndingTerm = false;
    this.#runIfReady();
  }

  #fence(): void {
    this.#leader?.fence();
    if (this.#isEndingTerm) throw new NotLeaderError();
  }

  async #stop(): Promise<void> {
    const { clock, log } = this;
    const stopping = this.#caches.map(({ informer }) => informer.stop());
    const working = [...this.#controllers, ...this.#drainables];
    const drained = Promise.all(working.map((one) => one.stop()));
    if (!(await endsWithin(clock, drainMs, drained))) log.warn("stopping while a reconcile is in progress");
    if (!(await endsWithin(clock, flushMs, this.events.flush())))
      log.warn("stopping before all events are written");
    const ended = Promise.all([...stopping, this.#leader?.stop()]);
    if (!(await endsWithin(clock, releaseMs, ended))) log.warn("stopping before the lease is released");
  }
}
