import { request as send, type Dispatcher } from "undici";
import { ApiError, ConnectionError, refusalOf } from "./api-error.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { realClock, sleep } from "./clock.ts";
import { ConnectionPools, type TlsMaterial } from "./connections.ts";
import { Deadline } from "./deadline.ts";
import { Semaphore } from "./semaphore.ts";

/** How to prove to the server who we are, and how to know it. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  readonly proxyUrl: string | undefined;
}

/** One attempt, for metrics: status 0 means that no answer came. */
export interface RequestInfo {
  readonly method: string;
  /** Plural name, with the subresource if any: `demoapps/status`. */
  readonly resource: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly resource: string;
  readonly query?: URLSearchParams | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** Whether repeating it after an unknown outcome is harmless. */
  readonly idempotent: boolean;
  readonly fence?: (() => void) | undefined;
  /** Has a connection of its own if need be. */
  readonly urgent?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  readonly retries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  readonly server: string;
  readonly credentials: () => Promise<Credentials>;
  readonly userAgent?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly retries?: number | undefined;
  readonly connections?: number | undefined;
  readonly onRequest?: ((request: RequestInfo) => void) | undefined;
}

interface Exchange {
  readonly credentials: Credentials;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
}

/** Between attempts, unless the server asks for more. */
const retryBackoff: Backoff = { baseMs: 100, maxMs: 5_000 };
/** A server that asks for more patience than this gets its answer passed on to the caller, whose queue waits. */
const maxRetryAfterMs = 10_000;
/** Reading certificate files for every request would cost more than the request; tokens live for minutes. */
const credentialsTtlMs = 10_000;

/** The server, or a proxy before it, is not able to answer just now. */
const overloaded: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Whether an attempt that failed so may be repeated. A bare 500 is not: the API server answers so to an apply of what
 * the kind's schema doesn't have, and to a webhook's failure, which the caller's own backoff suits better.
 */
const isRetryable = (error: unknown, idempotent: boolean): boolean => {
  if (error instanceof ApiError) {
    const { status, retryAfterMs } = error;
    if ((retryAfterMs ?? 0) > maxRetryAfterMs) return false;
    return (
      status === 429 ||
      (idempotent && (overloaded.has(status) || (status >= 500 && retryAfterMs !== undefined)))
    );
  }
  return error instanceof ConnectionError && (idempotent || error.code === "ECONNREFUSED");
};

/** HTTP to one API server: pooled connections, a timeout per attempt, retries where they are safe. */
export class Transport {
  readonly server: string;
  readonly #options: TransportOptions;
  readonly #pools: ConnectionPools;
  /** As many as there are connections, so that nothing waits inside the pool, where no deadline reaches it. */
  readonly #slots: Semaphore;
  #credentials: { readonly value: Promise<Credentials>; readonly expiresAtMs: number } | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.server = options.server.replace(/\/$/, "");
    const connections = options.connections ?? 16;
    this.#pools = new ConnectionPools(connections);
    this.#slots = new Semaphore(connections);
  }

  /** Sends the request, again if need be, and gives the answer's JSON. */
  async json(request: HttpRequest): Promise<unknown> {
    const retries = request.retries ?? this.#options.retries ?? 3;
    for (let failures = 0; ;) {
      try {
        return await this.#attempt(request);
      } catch (error) {
        failures += 1;
        if (failures > retries || request.signal?.aborted || !isRetryable(error, request.idempotent))
          throw error;
        const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
        await sleep(realClock, askedMs + backoffMs(retryBackoff, failures, Math.random), request.signal);
      }
    }
  }

  /** Opens a stream and gives its chunks; ends when the server ends it, rejects if it breaks or is aborted. */
  async *stream(request: HttpRequest, signal: AbortSignal): AsyncGenerator<Buffer, void> {
    const deadline = new Deadline(this.#timeoutMs(request), signal);
    try {
      const credentials = await this.#currentCredentials();
      const dispatcher = this.#pools.get(credentials).unbounded;
      const answer = await this.#send(request, { credentials, dispatcher, signal: deadline.signal });
      // Only the headers are due: how long a watch may be silent is the watcher's business.
      deadline.disarm();
      for await (const chunk of answer.body) yield chunk;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw deadline.explain(error);
    } finally {
      deadline.end();
    }
  }

  close(): Promise<void> {
    return this.#pools.close();
  }

  #timeoutMs(request: HttpRequest): number {
    return request.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
  }

  async #attempt(request: HttpRequest): Promise<unknown> {
    const credentials = await this.#currentCredentials();
    const deadline = new Deadline(this.#timeoutMs(request), request.signal);
    try {
      const leave = await this.#enter(request, deadline);
      try {
        // Right before it is sent: while it waited for its turn the lease may have been lost.
        request.fence?.();
        return await this.#exchange(request, credentials, deadline);
      } finally {
        leave();
      }
    } finally {
      deadline.end();
    }
  }

  /** Waits for the request's turn; gives how to end it. */
  async #enter({ urgent }: HttpRequest, deadline: Deadline): Promise<() => void> {
    if (urgent === true) return () => undefined;
    try {
      return await this.#slots.take(deadline.signal);
    } catch (error) {
      throw deadline.explain(error);
    }
  }

  async #exchange(request: HttpRequest, credentials: Credentials, deadline: Deadline): Promise<unknown> {
    const { requests, unbounded } = this.#pools.get(credentials);
    const dispatcher = request.urgent === true ? unbounded : requests;
    try {
      const answer = await this.#send(request, { credentials, dispatcher, signal: deadline.signal });
      return JSON.parse(await answer.body.text());
    } catch (error) {
      throw deadline.explain(error);
    }
  }

  /** One exchange up to the answer's headers; rejects with ApiError if the answer is an error. */
  async #send(request: HttpRequest, { credentials, dispatcher, signal }: Exchange) {
    const startedAtMs = performance.now();
    let status = 0;
    try {
      const answer = await send(this.#url(request), {
        dispatcher,
        method: request.method,
        headers: this.#headers(request, credentials),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      status = answer.statusCode;
      if (status >= 400) await this.#refuse(answer);
      return answer;
    } finally {
      const { method, resource } = request;
      this.#options.onRequest?.({ method, resource, status, durationMs: performance.now() - startedAtMs });
    }
  }

  async #refuse(answer: Dispatcher.ResponseData): Promise<never> {
    const text = await answer.body.text();
    if (answer.statusCode === 401) this.#credentials = undefined;
    throw refusalOf(answer.statusCode, text, answer.headers["retry-after"]);
  }

  #url(request: HttpRequest): string {
    const query = request.query?.toString() ?? "";
    return `${this.server}${request.path}${query === "" ? "" : `?${query}`}`;
  }

  #headers(request: HttpRequest, credentials: Credentials): Record<string, string> {
    const headers: Record<string, string> = {
      ...credentials.headers,
      accept: "application/json",
      "user-agent": this.#options.userAgent ?? "kubernetes-operator",
    };
    if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    return headers;
  }

  #currentCredentials(): Promise<Credentials> {
    const nowMs = performance.now();
    if (this.#credentials === undefined || this.#credentials.expiresAtMs < nowMs) {
      const value = this.#options.credentials();
      this.#credentials = { value, expiresAtMs: nowMs + credentialsTtlMs };
      // A failure must not be remembered, nor be an unhandled rejection: each caller awaits `value` itself.
      value.catch(() => {
        this.#credentials = undefined;
      });
    }
    return this.#credentials.value;
  }
}
