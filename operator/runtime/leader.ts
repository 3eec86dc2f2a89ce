import { NotLeaderError, messageOf } from "./api-error.ts";
import { type Clock, sleep, type Timer } from "./clock.ts";
import type { ApiClient, KubeObject } from "./kubernetes.ts";
import {
  LeaseClient,
  type LeaseSpec,
  type ObservedLease,
  heldSpec,
  isFree,
  isLostRace,
  observeLease,
  releasedSpec,
  specOf,
} from "./lease.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface LeaderOptions {
  readonly client: ApiClient;
  /** The Lease's namespace and name. */
  readonly namespace: string;
  readonly name: string;
  /** The holder identity in the Lease; unique per process, for example the pod's name. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly onStarted: () => void;
  readonly onStopped: () => void;
  /** False while this process could not work: then it does not take the lease, and gives up a lease that it holds. */
  readonly isEligible?: (() => boolean) | undefined;
  /** False while a write may be in progress. A process that gives up the lease releases it only when idle. */
  readonly isIdle?: (() => boolean) | undefined;
  /** Time after the last renewal from which another process may take the lease; default 15,000. */
  readonly leaseDurationMs?: number | undefined;
  /** Time after the last renewal at which the leader stops; default 10,000. Must be less than leaseDurationMs. */
  readonly renewDeadlineMs?: number | undefined;
  /** Time between two attempts; default 2,000. */
  readonly retryPeriodMs?: number | undefined;
}

/**
 * Leader election with a Lease, by client-go's rules. The lease of another process has expired if this process saw no
 * change for the lease duration on its own monotonic clock, so clock skew between machines is harmless. This process
 * stops leading renewDeadline after it *sent* the last successful renewal, before another process may take the lease.
 */
export class LeaderElector {
  readonly #options: LeaderOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #lease: LeaseClient;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #observed: ObservedLease | undefined;
  /** The acquire time of this process's lease: the Lease of another process, or edited by hand, has another one. */
  #acquireTime: string | undefined;
  /** True from before this process writes the lease until it releases the lease or sees another holder. */
  #mayHold = false;
  /** True if the last attempt failed: `#observed` may be outdated. */
  #mayBeStale = false;
  #leading = false;
  #leadingUntilMs = -Infinity;
  #expiry: Timer | undefined;
  #lastError: string | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    // Short, because a response after the renew deadline is useless.
    this.#lease = new LeaseClient({ ...options, timeoutMs: this.#renewDeadlineMs / 2 });
    this.#setMetric();
  }

  /** True if this process may write now. False once the renew deadline has passed, even if no timer could run. */
  isLeader(): boolean {
    return this.#options.clock.monotonicMs() < this.#leadingUntilMs;
  }

  /** Throws `NotLeaderError` unless this process leads. Call it right before each write. */
  fence(): void {
    if (!this.isLeader()) throw new NotLeaderError();
  }

  /** Starts the election. A second call has no effect. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops the election and releases the lease, so that another process can lead at once. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#endLeadership();
    await this.#release();
  }

  async #run(): Promise<void> {
    const { clock, random, isEligible = () => true, isIdle = () => true } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (!this.isLeader()) this.#endLeadership();
      if (isEligible()) await this.#attempt();
      else {
        this.#endLeadership();
        if (isIdle()) await this.#release();
      }
      // As in client-go, candidates wait 1 to 2.2 periods, so that they don't all try at the same time.
      const periods = this.isLeader() ? 1 : 1 + 1.2 * random();
      await sleep(clock, this.#retryPeriodMs * periods, signal);
    }
  }

  async #attempt(): Promise<void> {
    const sentMs = this.#options.clock.monotonicMs();
    try {
      if (await this.#acquireOrRenew()) this.#extendLeadership(sentMs);
      // Another process holds the lease: the rest of the own term must not overlap with its term.
      else this.#endLeadership();
      this.#mayBeStale = false;
      this.#lastError = undefined;
    } catch (error) {
      const wasKnown = !this.#mayBeStale;
      this.#mayBeStale = true;
      if (this.#stopping.signal.aborted) return;
      if (!isLostRace(error)) this.#logError(error);
      // Somebody else wrote the Lease: read at once who holds it.
      else if (wasKnown) await this.#attempt();
    }
  }

  /** Resolves with true if this process then holds the lease. */
  async #acquireOrRenew(): Promise<boolean> {
    if (this.isLeader() && !this.#mayBeStale && this.#observed !== undefined) {
      await this.#renew(this.#observed.lease);
      return true;
    }
    const { signal } = this.#stopping;
    const lease = await this.#lease.read(signal);
    if (lease === undefined) {
      this.#observe(await this.#lease.create(this.#heldSpec({}), signal));
      return true;
    }
    const isFirst = this.#observed === undefined;
    const observed = this.#observe(lease);
    // A process that starts under the name of its predecessor, such as a container that restarts, goes on with its term.
    const { holderIdentity, acquireTime } = specOf(lease);
    if (isFirst && holderIdentity === this.#options.identity) this.#acquireTime = acquireTime;
    if (!this.#isOwn(specOf(lease))) {
      // Forgotten, because a restore of etcd could bring this process's last term back.
      this.#acquireTime = undefined;
      this.#mayHold = false;
      if (!isFree(observed, this.#leaseDurationMs, this.#options.clock.monotonicMs())) return false;
    }
    await this.#renew(lease);
    return true;
  }

  /** Writes the lease as this process's. A stop ends the request, but not the release after it. */
  async #renew(lease: KubeObject): Promise<void> {
    this.#observe(await this.#lease.replace(lease, this.#heldSpec(specOf(lease)), this.#stopping.signal));
  }

  /** Releases the lease if this process may hold it. Never rejects. */
  async #release(): Promise<void> {
    if (!this.#mayHold) return;
    const { clock, log } = this.#options;
    try {
      // The response to the last write may be lost: then only the API server knows the lease's version.
      const lease = this.#mayBeStale ? await this.#lease.read() : this.#observed?.lease;
      if (lease !== undefined && this.#isOwn(specOf(lease))) {
        await this.#lease.replace(lease, releasedSpec(specOf(lease), clock.now()));
        log.info("released the leader lease");
      }
      this.#mayHold = false;
      this.#mayBeStale = true;
    } catch (error) {
      this.#mayBeStale = true;
      if (!this.#stopping.signal.aborted) this.#logError(error);
      else
        log.warn(
          { err: error },
          "could not release the leader lease; the next leader waits until it expires",
        );
    }
  }

  #heldSpec(before: LeaseSpec): LeaseSpec {
    const { clock, identity } = this.#options;
    const isRenewal = this.#isOwn(before);
    const spec = heldSpec(before, {
      identity,
      durationMs: this.#leaseDurationMs,
      nowMs: clock.now(),
      isRenewal,
    });
    // Before the request is sent: its response may be lost.
    this.#acquireTime = spec.acquireTime;
    this.#mayHold = true;
    return spec;
  }

  #observe(lease: KubeObject): ObservedLease {
    this.#observed = observeLease(this.#observed, lease, this.#options.clock.monotonicMs());
    return this.#observed;
  }

  /** True if this process wrote the lease. A lease that a person has edited to name this process is another one's. */
  #isOwn({ holderIdentity, acquireTime }: LeaseSpec): boolean {
    return holderIdentity === this.#options.identity && acquireTime === this.#acquireTime;
  }

  #extendLeadership(sentMs: number): void {
    const { clock, log, onStarted, identity } = this.#options;
    this.#leadingUntilMs = sentMs + this.#renewDeadlineMs;
    if (this.#expiry !== undefined) clock.clearTimeout(this.#expiry);
    this.#expiry = clock.setTimeout(() => this.#endLeadership(), this.#leadingUntilMs - clock.monotonicMs());
    if (this.#leading || !this.isLeader()) return;
    this.#leading = true;
    this.#setMetric();
    log.info({ identity }, "became leader");
    onStarted();
  }

  #endLeadership(): void {
    const { clock, log, onStopped, identity } = this.#options;
    if (this.#expiry !== undefined) clock.clearTimeout(this.#expiry);
    this.#leadingUntilMs = -Infinity;
    if (!this.#leading) return;
    this.#leading = false;
    this.#setMetric();
    log.info({ identity }, "no longer leader");
    onStopped();
  }

  /** Logs an error once, until the error changes or an attempt succeeds. */
  #logError(error: unknown): void {
    const message = messageOf(error);
    if (message !== this.#lastError)
      this.#options.log.warn({ error: message }, "leader election failed, retrying");
    this.#lastError = message;
  }

  #setMetric(): void {
    this.#options.metrics.leader.set({ name: this.#options.name }, this.#leading ? 1 : 0);
  }
}
