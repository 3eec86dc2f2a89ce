import { ApiError, ConnectionError } from "./api-error.ts";

// What follows from the failure of a list or watch.

/** 401, 403 or 404: the cache is not synced until a list succeeds. */
export const isDenied = (error: unknown): boolean =>
  error instanceof ApiError && (error.isForbidden || error.isNotFound || error.status === 401);

/**
 * True if the next watch can resume at the last version: the API server was unreachable, restarting or overloaded. After
 * any other failure (an expired version, a silent watch, an event that can't be decoded) only a list is reliable.
 */
export const isTransient = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  (error instanceof ApiError && !error.isGone && (error.status === 429 || error.status >= 500));

/** The API server does not stream lists: before Kubernetes 1.32, or switched off. */
export const isStreamingRefused = (error: unknown): boolean =>
  error instanceof ApiError && (error.isInvalid || error.status === 405 || error.status === 406);
