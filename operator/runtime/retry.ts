import { ApiError, ConnectionError } from "./api-error.ts";
import type { HttpRequest } from "./transport.ts";

/** No retry if the server requests a longer delay than this: the error goes to the caller, which requeues. */
const maxRetryAfterMs = 10_000;
/** Statuses of an overloaded or restarting server, or of the proxy in front of it. */
const overloaded: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * True if a failed attempt may be retried. The 500 of a write without Retry-After is not retried: the API server sends
 * it for an apply of a field that the schema lacks, and for a failing webhook, which needs the caller's longer backoff.
 */
export const isRetryable = (
  error: unknown,
  { method, idempotent }: Pick<HttpRequest, "method" | "idempotent">,
): boolean => {
  if (error instanceof ApiError) {
    const { status, retryAfterMs } = error;
    if ((retryAfterMs ?? 0) > maxRetryAfterMs) return false;
    return (
      status === 429 ||
      (method === "GET" && status >= 500) ||
      (idempotent && (overloaded.has(status) || (status >= 500 && retryAfterMs !== undefined)))
    );
  }
  return error instanceof ConnectionError && (idempotent || error.code === "ECONNREFUSED");
};
