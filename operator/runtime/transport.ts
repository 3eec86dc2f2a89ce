import { request as send, type Dispatcher } from "undici";
import { warningsIn } from "./apiwarnings.ts";
import { ApiError } from "./api-error.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import { realClock, sleep } from "./clock.ts";
import { ConnectionPools } from "./connections.ts";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { ResponseReader } from "./responsebody.ts";
import { isRetryable } from "./retry.ts";
import { jsonText } from "./jsontext.ts";
import { Semaphore } from "./semaphore.ts";

/** One attempt of a request, for metrics and logs. Status 0: no response. */
export interface RequestInfo {
  readonly method: string;
  /** Host and port of the API server. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Plural name, with the subresource if any, for example `demoapps/status`. */
  readonly resource: string;
  readonly status: number;
  readonly durationMs: number;
  /** The texts of the response's `Warning` headers. */
  readonly warnings: readonly string[];
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly resource: string;
  readonly query?: URLSearchParams | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** True if the request may be repeated when it is unknown whether the first attempt took effect. */
  readonly idempotent: boolean;
  readonly fence?: (() => void) | undefined;
  /** The request doesn't count toward the connection limit. */
  readonly urgent?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  readonly retries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest response; default `maxObjectBytes`. */
  readonly maxBytes?: number | undefined;
}

export interface TransportOptions {
  readonly server: string;
  readonly credentials: CredentialSource;
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

/** Backoff between attempts, added to the Retry-After delay that the server requests. */
const retryBackoff: Backoff = { baseMs: 100, maxMs: 5_000 };

/** An HTTP client for one API server: pooled connections, a timeout per attempt, retries where they are safe. */
export class Transport {
  readonly server: string;
  readonly #host: string;
  readonly #options: TransportOptions;
  readonly #pools: ConnectionPools;
  /** Has the count of connections, so that no request waits inside the pool, where its deadline can't abort it. */
  readonly #semaphore: Semaphore;
  readonly #responses = new ResponseReader();

  constructor(options: TransportOptions) {
    this.#options = options;
    this.server = options.server.replace(/\/$/, "");
    this.#host = URL.parse(this.server)?.host ?? "";
    const connections = options.connections ?? 16;
    this.#pools = new ConnectionPools(connections);
    this.#semaphore = new Semaphore(connections);
  }

  /** Sends the request, with retries. Returns the JSON of the response. */
  async json(request: HttpRequest): Promise<unknown> {
    const retries = request.retries ?? this.#options.retries ?? 3;
    for (let failures = 0; ;) {
      try {
        return await this.#attempt(request);
      } catch (error) {
        failures += 1;
        if (failures > retries || request.signal?.aborted || !isRetryable(error, request)) throw error;
        const retryAfterMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
        await sleep(realClock, retryAfterMs + backoffMs(retryBackoff, failures, Math.random), request.signal);
      }
    }
  }

  /** Opens a stream and yields its chunks. Ends when the server ends the stream. Throws if it breaks or is aborted. */
  async *stream(request: HttpRequest, signal: AbortSignal): AsyncGenerator<Buffer, void> {
    const deadline = new Deadline(this.#timeoutMs(request), signal);
    try {
      const response = await this.#authenticated(deadline, (credentials) => {
        const dispatcher = this.#pools.get(credentials).unbounded;
        return this.#send(request, { credentials, dispatcher, signal: deadline.signal });
      });
      // The timeout applies only to the headers: the caller detects a stream without data.
      deadline.cancelTimeout();
      for await (const chunk of response.body) yield chunk;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw deadline.toClientError(error);
    } finally {
      deadline.dispose();
    }
  }

  close(): Promise<void> {
    return this.#pools.close();
  }

  #timeoutMs(request: HttpRequest): number {
    return request.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
  }

  async #attempt(request: HttpRequest): Promise<unknown> {
    const deadline = new Deadline(this.#timeoutMs(request), request.signal);
    try {
      return await this.#authenticated(deadline, async (credentials) => {
        const release = await this.#acquireConnection(request, deadline);
        try {
          // Right before sending: the process may have lost the lease while the request waited for a connection.
          request.fence?.();
          return await this.#exchange(request, credentials, deadline);
        } finally {
          release();
        }
      });
    } finally {
      deadline.dispose();
    }
  }

  /** Calls `exchange` with the current credentials, and once more with new ones if the server refuses them (401). */
  async #authenticated<T>(
    deadline: Deadline,
    exchange: (credentials: Credentials) => Promise<T>,
  ): Promise<T> {
    const credentials = await this.#getCredentials(deadline);
    try {
      return await exchange(credentials);
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status === 401;
      if (!isRefused || !this.#options.credentials.renew(credentials)) throw error;
      return exchange(await this.#getCredentials(deadline));
    }
  }

  async #getCredentials(deadline: Deadline): Promise<Credentials> {
    const source = this.#options.credentials;
    try {
      return await source.get(deadline.signal);
    } catch (error) {
      throw deadline.toClientError(error, `credentials from ${source.name}`);
    }
  }

  /** Waits until the connection limit allows the request. Returns a function that releases the connection. */
  async #acquireConnection({ urgent }: HttpRequest, deadline: Deadline): Promise<() => void> {
    if (urgent === true) return () => undefined;
    try {
      return await this.#semaphore.acquire(deadline.signal);
    } catch (error) {
      throw deadline.toClientError(error);
    }
  }

  async #exchange(request: HttpRequest, credentials: Credentials, deadline: Deadline): Promise<unknown> {
    const { requests, unbounded } = this.#pools.get(credentials);
    const dispatcher = request.urgent === true ? unbounded : requests;
    try {
      const response = await this.#send(request, { credentials, dispatcher, signal: deadline.signal });
      const { signal } = deadline;
      return await this.#responses.read<unknown>(request, response, { signal, parse: JSON.parse });
    } catch (error) {
      throw deadline.toClientError(error);
    }
  }

  /** Sends one request and resolves with the response headers. Rejects with ApiError for an error status. */
  async #send(request: HttpRequest, { credentials, dispatcher, signal }: Exchange) {
    const startedAtMs = performance.now();
    let response: Dispatcher.ResponseData | undefined;
    try {
      response = await send(this.#url(request), {
        dispatcher,
        method: request.method,
        headers: this.#headers(request, credentials),
        body: request.body === undefined ? null : jsonText(request.body),
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      if (response.statusCode >= 400) await this.#responses.throwApiError(request, response, signal);
      return response;
    } finally {
      const { method, path, resource } = request;
      this.#options.onRequest?.({
        method,
        host: this.#host,
        path,
        resource,
        status: response?.statusCode ?? 0,
        durationMs: performance.now() - startedAtMs,
        warnings: warningsIn(response?.headers["warning"]),
      });
    }
  }

  #url(request: HttpRequest): string {
    const query = request.query?.toString() ?? "";
    return `${this.server}${request.path}${query === "" ? "" : `?${query}`}`;
  }

  #headers(request: HttpRequest, credentials: Credentials): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {
      ...credentials.headers,
      accept: "application/json",
      "user-agent": this.#options.userAgent ?? "kubernetes-operator",
    };
    if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    return headers;
  }
}
