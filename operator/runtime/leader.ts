import { ApiError } from "./api-error.ts";
import { type Clock, sleep, type Timer } from "./clock.ts";
import type { ApiClient, CallOptions, KubeObject } from "./kubernetes.ts";
import { heldSpec, type LeaseSpec, leases, releasedSpec, specOf } from "./lease.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** A write was about to be started by a process that does not lead (any more). */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";

  constructor() {
    super("this process does not hold the leader lease");
  }
}

export interface LeaderOptions {
  readonly client: ApiClient;
  /** The Lease's namespace and name. */
  readonly namespace: string;
  readonly name: string;
  /** Who we are: unique per process, the pod's name for instance. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly onStarted: () => void;
  readonly onStopped: () => void;
  /** How long others wait after our last renewal; default 15,000. */
  readonly leaseDurationMs?: number | undefined;
  /** How long we go on after our last renewal; default 10,000, less than leaseDurationMs. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between tries; default 2,000. */
  readonly retryPeriodMs?: number | undefined;
}

/** Losing a race is no trouble. */
const isLostRace = (error: unknown): boolean =>
  error instanceof ApiError && (error.isConflict || error.isAlreadyExists);

/**
 * Leader election over a Lease, with client-go's rules: another's lease counts as expired when it has not changed for
 * its duration as measured by our own monotonic clock, so clocks that disagree do no harm; our own ends for us
 * renewDeadline after we *sent* the last successful renewal, before anyone else may take it.
 */
export class LeaderElector {
  readonly #options: LeaderOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** The lease as last seen, and since when its spec has been so. */
  #observed: { readonly lease: KubeObject; readonly sinceMs: number } | undefined;
  /** Whether the last try failed, so that `#observed` may be out of date. */
  #doubtful = false;
  #leading = false;
  #leadingUntilMs = -Infinity;
  #expiry: Timer | undefined;
  #complaint: string | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    this.#publish();
  }

  /** Whether we may write now. False as soon as the renew deadline has passed, even if no timer could run. */
  isLeader(): boolean {
    return this.#options.clock.monotonicMs() < this.#leadingUntilMs;
  }

  /** Throws `NotLeaderError` unless we lead: to be called right before each write. */
  fence(): void {
    if (!this.isLeader()) throw new NotLeaderError();
  }

  /** Starts trying to lead; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops, and gives the lease up if it is ours so that nobody need wait for it. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    const held = this.isLeader() ? this.#observed?.lease : undefined;
    this.#lose();
    if (held !== undefined) await this.#release(held);
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (!this.isLeader()) this.#lose();
      await this.#try();
      // As in client-go those who wait do so for up to 2.2 periods, so that they don't all come at once.
      const periods = this.isLeader() ? 1 : 1 + 1.2 * random();
      await sleep(clock, this.#retryPeriodMs * periods, signal);
    }
  }

  async #try(): Promise<void> {
    const sentMs = this.#options.clock.monotonicMs();
    try {
      if (await this.#acquireOrRenew()) this.#hold(sentMs);
      this.#doubtful = false;
      this.#complaint = undefined;
    } catch (error) {
      this.#doubtful = true;
      if (!isLostRace(error)) this.#complain(error);
    }
  }

  /** Whether the lease is ours afterwards. */
  async #acquireOrRenew(): Promise<boolean> {
    if (this.isLeader() && !this.#doubtful && this.#observed !== undefined) {
      await this.#write(this.#observed.lease);
      return true;
    }
    const lease = await this.#read();
    if (lease === undefined) {
      await this.#create();
      return true;
    }
    this.#observe(lease);
    if (!this.#isFree(lease)) return false;
    await this.#write(lease);
    return true;
  }

  async #read(): Promise<KubeObject | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get(leases, { namespace, name }, this.#limits());
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  async #create(): Promise<void> {
    const { client, namespace, name } = this.#options;
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name } };
    this.#observe(await client.create(leases, { ...lease, spec: this.#ourSpec({}) }, this.#limits()));
  }

  async #write(lease: KubeObject): Promise<void> {
    const spec = this.#ourSpec(specOf(lease));
    this.#observe(await this.#options.client.replace(leases, { ...lease, spec }, this.#limits()));
  }

  async #release(lease: KubeObject): Promise<void> {
    const { client, clock, log } = this.#options;
    const spec = releasedSpec(specOf(lease), clock.now());
    try {
      await client.replace(leases, { ...lease, spec }, this.#limits());
      log.info("released the leader lease");
    } catch (error) {
      log.warn({ err: error }, "could not release the leader lease: it runs out by itself");
    }
  }

  #ourSpec(before: LeaseSpec): LeaseSpec {
    const { clock, identity } = this.#options;
    return heldSpec(before, { identity, durationMs: this.#leaseDurationMs, nowMs: clock.now() });
  }

  #observe(lease: KubeObject): void {
    const same =
      this.#observed !== undefined &&
      JSON.stringify(this.#observed.lease.spec) === JSON.stringify(lease.spec);
    const sinceMs =
      same && this.#observed !== undefined ? this.#observed.sinceMs : this.#options.clock.monotonicMs();
    this.#observed = { lease, sinceMs };
  }

  #isFree(lease: KubeObject): boolean {
    const { clock, identity } = this.#options;
    const { holderIdentity, leaseDurationSeconds } = specOf(lease);
    if (!holderIdentity || holderIdentity === identity) return true;
    const durationMs =
      leaseDurationSeconds === undefined ? this.#leaseDurationMs : leaseDurationSeconds * 1000;
    return clock.monotonicMs() >= (this.#observed?.sinceMs ?? Infinity) + durationMs;
  }

  /**
   * Retrying is this loop's own business, an answer after the deadline is worth nothing, and the lease must not be lost
   * because other requests are slow.
   */
  #limits(): CallOptions {
    return { timeoutMs: this.#renewDeadlineMs / 2, retries: 0, urgent: true };
  }

  #hold(sentMs: number): void {
    const { clock, log, onStarted, identity } = this.#options;
    this.#leadingUntilMs = sentMs + this.#renewDeadlineMs;
    if (this.#expiry !== undefined) clock.clearTimeout(this.#expiry);
    this.#expiry = clock.setTimeout(() => this.#lose(), this.#leadingUntilMs - clock.monotonicMs());
    if (this.#leading || !this.isLeader()) return;
    this.#leading = true;
    this.#publish();
    log.info({ identity }, "leading");
    onStarted();
  }

  #lose(): void {
    const { clock, log, onStopped, identity } = this.#options;
    if (this.#expiry !== undefined) clock.clearTimeout(this.#expiry);
    this.#leadingUntilMs = -Infinity;
    if (!this.#leading) return;
    this.#leading = false;
    this.#publish();
    log.info({ identity }, "no longer leading");
    onStopped();
  }

  #complain(error: unknown): void {
    const complaint = error instanceof Error ? error.message : String(error);
    if (complaint !== this.#complaint)
      this.#options.log.warn({ error: complaint }, "leader election failed, retrying");
    this.#complaint = complaint;
  }

  #publish(): void {
    this.#options.metrics.leader.set({ name: this.#options.name }, this.#leading ? 1 : 0);
  }
}
