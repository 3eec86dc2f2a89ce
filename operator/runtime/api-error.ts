/** One cause in an API server's refusal: the field and what is wrong with it. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The part of a `meta/v1 Status` that is used. */
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

/** Something that a program in good order meets: it is logged by its message, without a stack. */
export class ExpectedError extends Error {}

/** The API server answered, and the answer is no. */
export class ApiError extends ExpectedError {
  override readonly name = "ApiError";
  /** HTTP status code. */
  readonly status: number;
  /** The Status's reason, for example `AlreadyExists`; empty if the answer was no Status. */
  readonly reason: string;
  /** How long the server asks to wait before the next try, if it says. */
  readonly retryAfterMs: number | undefined;
  readonly details: StatusBody["details"];

  constructor(status: number, body: StatusBody, retryAfterMs?: number) {
    super(body.message ?? `the API server answered ${status}`);
    this.status = status;
    this.reason = body.reason ?? "";
    this.details = body.details;
    const seconds = body.details?.retryAfterSeconds;
    this.retryAfterMs = retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000);
  }

  /** The object does not exist, or its kind is not served (its CRD is missing). */
  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** Someone else changed the object meanwhile, or it exists already: see `isAlreadyExists`. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason !== "AlreadyExists";
  }

  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === "AlreadyExists";
  }

  /** The resource version or continue token is too old: list again. */
  get isGone(): boolean {
    return this.status === 410 || this.reason === "Expired" || this.reason === "Gone";
  }

  /** RBAC, quota, Pod Security or a webhook refuses. */
  get isForbidden(): boolean {
    return this.status === 403;
  }

  /** Validation refuses: waiting will not help. */
  get isInvalid(): boolean {
    return this.status === 422 || this.status === 400;
  }
}

/** No answer came: refused, reset, timed out, name not found, TLS failure. Whether a write took place is unknown. */
export class ConnectionError extends ExpectedError {
  override readonly name = "ConnectionError";
  /** The system's or undici's error code, for example `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(cause instanceof Error && cause.message !== "" ? cause.message : code, { cause });
    this.code = code;
  }
}

const retryAfterMs = (value: string | string[] | undefined): number | undefined => {
  const seconds = Number(Array.isArray(value) ? value[0] : value);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
};

const statusBody = (text: string): StatusBody => {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : { message: text.slice(0, 1024) };
  } catch {
    // Proxies and load balancers answer in HTML or plain text; their words are all there is.
    return text === "" ? {} : { message: text.slice(0, 1024) };
  }
};

/** The error that an answer is: its status, its text, and the header that says when to come back. */
export const refusalOf = (
  status: number,
  text: string,
  retryAfter: string | string[] | undefined,
): ApiError => new ApiError(status, statusBody(text), retryAfterMs(retryAfter));
