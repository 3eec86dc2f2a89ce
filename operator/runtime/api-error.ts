import { withoutValues } from "./refusedvalues.ts";
import { shorten } from "./shorten.ts";

/** One cause in an error Status: the field, and the reason why its value is invalid. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The fields of a `meta/v1 Status` that the runtime uses. */
export interface StatusBody {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly StatusCause[];
  };
}

/** An error that is not a defect of the program. It is logged as its message, without a stack trace. */
export class ExpectedError extends Error {}

/** Longest message and longest reason of an error, which logs and statuses keep. A Status can have megabytes. */
const maxMessageLength = 4096;
const maxReasonLength = 128;

/** The API server responded with an error status. Its message has no values of the refused object. */
export class ApiError extends ExpectedError {
  override readonly name = "ApiError";
  /** HTTP status code. */
  readonly status: number;
  /** The Status's reason, for example `AlreadyExists`; empty if the body is not a Status. */
  readonly reason: string;
  /** The Retry-After delay that the server requests, if any. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: StatusBody, retryAfterMs?: number) {
    const message = body.message ?? `the API server responded with status ${status}`;
    super(withoutValues(shorten(message, maxMessageLength)));
    this.status = status;
    this.reason = shorten(body.reason ?? "", maxReasonLength);
    const seconds = body.details?.retryAfterSeconds;
    this.retryAfterMs = retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000);
  }

  /** The object does not exist, or its kind is not served (its CRD is missing). */
  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** The object has another resourceVersion or uid than the request. An existing object is not a conflict. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason !== "AlreadyExists";
  }

  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === "AlreadyExists";
  }

  /** The resourceVersion or continue token has expired: a new list is needed. */
  get isGone(): boolean {
    return this.status === 410 || this.reason === "Expired" || this.reason === "Gone";
  }

  /** RBAC, a quota, Pod Security or a webhook refuses the request. */
  get isForbidden(): boolean {
    return this.status === 403;
  }

  /** Validation refuses the object: a retry of the same request fails again. */
  get isInvalid(): boolean {
    return this.status === 422 || this.status === 400;
  }
}

/**
 * The request got no response: connection refused or reset, timeout, name not found, TLS failure. Whether a write took
 * effect is unknown.
 */
export class ConnectionError extends ExpectedError {
  override readonly name = "ConnectionError";
  /** The system's or undici's error code, for example `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(cause instanceof Error && cause.message !== "" ? cause.message : code, { cause });
    this.code = code;
  }
}

/** The response is longer than the limit of the request. The rest of the response is not read. */
export class ResponseTooLargeError extends ExpectedError {
  override readonly name = "ResponseTooLargeError";

  constructor(path: string, maxBytes: number) {
    super(`the response to ${path} is longer than ${maxBytes} bytes`);
  }
}

/** A process that does not hold the leader lease tried to write. */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";

  constructor() {
    super("this process does not hold the leader lease");
  }
}

/** The delay of a Retry-After header: seconds, or an HTTP date (RFC 9110, section 10.2.3). */
const retryAfterMs = (value: string | string[] | undefined): number | undefined => {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const delayMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
};

const statusBody = (text: string): StatusBody => {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : { message: shorten(text, 1024) };
  } catch {
    // Proxies and load balancers respond in HTML or plain text: use the text as the message.
    return text === "" ? {} : { message: shorten(text, 1024) };
  }
};

/** The error for a response: HTTP status, body, and Retry-After header. */
export const apiErrorOf = (
  status: number,
  text: string,
  retryAfter: string | string[] | undefined,
): ApiError => new ApiError(status, statusBody(text), retryAfterMs(retryAfter));

/** The delay in ms that the API server asks for before a retry, at most `maxMs`; 0 if it asks for none. */
export const retryAfterOf = (error: unknown, maxMs: number): number =>
  error instanceof ApiError ? Math.min(maxMs, error.retryAfterMs ?? 0) : 0;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
