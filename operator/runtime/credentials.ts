import { isDeepStrictEqual } from "node:util";
import { type Backoff, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { TlsMaterial } from "./connections.ts";
import { Deadline } from "./deadline.ts";

/** Authenticates the client to the API server (headers, client certificate) and the API server to the client (CA). */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsMaterial;
  readonly proxyUrl: string | undefined;
}

/** Where a client gets the credentials of its requests. */
export interface CredentialSource {
  /** A noun, for messages: "the exec plug-in aws". */
  readonly name: string;
  /** Resolves with valid credentials. Rejects with the signal's reason if that aborts first. */
  get(signal: AbortSignal): Promise<Credentials>;
  /** Call it when the server refuses credentials (401). Returns true if the next `get` may return others. */
  renew(refused: Credentials): boolean;
}

/** Credentials that never change. */
export const fixedCredentials = (credentials: Credentials): CredentialSource => ({
  name: "the configuration",
  get: () => Promise.resolve(credentials),
  renew: () => false,
});

/** Credentials, and the wall clock time at which they expire. */
export interface Obtained {
  readonly credentials: Credentials;
  /** Undefined: unknown, so they are obtained again after 10 s (files). Infinity: never. */
  readonly expiresAtMs: number | undefined;
}

interface CacheOptions {
  readonly name: string;
  /** Obtains new credentials. */
  readonly obtain: (signal: AbortSignal) => Promise<Obtained>;
  /** Limit of one call of `obtain`. */
  readonly timeoutMs: number;
  /** False if `obtain` always returns the same identity, so that it is of no use after a 401. */
  readonly renewable: boolean;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Times of the monotonic clock. */
interface Cached {
  readonly credentials: Credentials;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

/** Files are read again after this time: kubelet replaces a service account's token long before it expires. */
const fileTtlMs = 10_000;
/** Expiring credentials are replaced this long before, but not before 4/5 of their time: a plug-in may hang or fail. */
const maxAheadMs = 120_000;
/** Credentials that expire sooner are used this long: a plug-in with a wrong clock must not run for each request. */
const minLifetimeMs = 1_000;
/** Minimum time between two renewals after a 401. */
const renewPeriodMs = 10_000;
const retryBackoff: Backoff = { baseMs: 1_000, maxMs: 10_000 };

/** Resolves or rejects with `work`, or rejects with the signal's reason if that aborts first. */
const within = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
};

/**
 * Caches credentials. All requests share one call of `obtain`, which is made before the credentials expire: requests
 * continue with the cached ones while it runs, or if it fails. Without valid credentials, requests wait for the call.
 * After a failure, they reject with its error until the backoff has passed.
 */
export class CachedCredentials implements CredentialSource {
  readonly name: string;
  readonly #options: CacheOptions;
  #cached: Cached | undefined;
  /** Credentials that the server refused (401), until new ones are obtained. */
  #refused: Cached | undefined;
  #pending: Promise<Credentials> | undefined;
  #failure: { readonly error: unknown; readonly count: number; readonly retryAtMs: number } | undefined;
  #renewableAtMs = -Infinity;

  constructor(options: CacheOptions) {
    this.#options = options;
    this.name = options.name;
  }

  async get(signal: AbortSignal): Promise<Credentials> {
    const nowMs = this.#options.clock.monotonicMs();
    const cached = this.#cached;
    if (cached === undefined || nowMs >= cached.refreshAtMs) this.#refresh(nowMs);
    if (cached !== undefined && nowMs < cached.expiresAtMs) return cached.credentials;
    if (this.#pending === undefined) throw this.#failure?.error;
    return within(this.#pending, signal);
  }

  renew(refused: Credentials): boolean {
    if (!this.#options.renewable) return false;
    if (this.#cached?.credentials !== refused) return true;
    const nowMs = this.#options.clock.monotonicMs();
    // New ones can't be obtained yet: a failed attempt has just been made.
    if (nowMs < Math.max(this.#renewableAtMs, this.#failure?.retryAtMs ?? -Infinity)) return false;
    this.#renewableAtMs = nowMs + renewPeriodMs;
    // Kept as a fallback: the server may have refused valid credentials, for example while its token webhook failed.
    this.#refused = this.#cached;
    this.#cached = undefined;
    return true;
  }

  #refresh(nowMs: number): void {
    if (this.#pending !== undefined || nowMs < (this.#failure?.retryAtMs ?? -Infinity)) return;
    this.#pending = this.#obtain().finally(() => {
      this.#pending = undefined;
    });
    // Prevents an unhandled rejection. Requests that need the credentials get the error from `#pending` or `#failure`.
    this.#pending.catch(() => undefined);
  }

  async #obtain(): Promise<Credentials> {
    const { obtain, timeoutMs, clock, random } = this.#options;
    const deadline = new Deadline(timeoutMs);
    try {
      this.#cached = this.#cacheEntry(await within(obtain(deadline.signal), deadline.signal));
      this.#failure = undefined;
      this.#refused = undefined;
      return this.#cached.credentials;
    } catch (cause) {
      const error = deadline.toClientError(cause, `credentials from ${this.name}`);
      const count = (this.#failure?.count ?? 0) + 1;
      const retryAtMs = clock.monotonicMs() + backoffMs(retryBackoff, count, random);
      this.#failure = { error, count, retryAtMs };
      const fallback = this.#refused;
      if (fallback === undefined || clock.monotonicMs() >= fallback.expiresAtMs) throw error;
      this.#cached = { ...fallback, refreshAtMs: retryAtMs };
      return fallback.credentials;
    } finally {
      deadline.dispose();
    }
  }

  #cacheEntry({ credentials, expiresAtMs }: Obtained): Cached {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const previous = this.#cached?.credentials;
    // The same object if nothing has changed: `renew` and the connection pools compare objects.
    const current = isDeepStrictEqual(previous, credentials) ? (previous ?? credentials) : credentials;
    if (expiresAtMs === undefined)
      return { credentials: current, refreshAtMs: nowMs + fileTtlMs, expiresAtMs: Infinity };
    const lifetimeMs = Math.max(minLifetimeMs, expiresAtMs - clock.now());
    const aheadMs = Math.min(maxAheadMs, lifetimeMs / 5);
    const refreshAtMs = nowMs + Math.max(minLifetimeMs, lifetimeMs - aheadMs);
    return { credentials: current, refreshAtMs, expiresAtMs: nowMs + lifetimeMs };
  }
}
