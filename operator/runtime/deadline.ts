import { ApiError, ConnectionError } from "./api-error.ts";

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "UNKNOWN";

/** Bounds one exchange with the server: aborts it after a time, or together with an outer signal. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  #expired = false;

  constructor(timeoutMs: number, outer?: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.#expired = true;
      this.#controller.abort();
    }, timeoutMs);
    outer?.addEventListener("abort", this.#abort, { once: true });
    if (outer?.aborted === true) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time no longer counts; the outer signal still does. */
  disarm(): void {
    clearTimeout(this.#timer);
  }

  /** Lets go of timer and signal. */
  end(): void {
    this.disarm();
    this.#outer?.removeEventListener("abort", this.#abort);
  }

  /** What an error that ended the exchange means: the server's refusal as it is, all else as `ConnectionError`. */
  explain(error: unknown): ApiError | ConnectionError {
    if (error instanceof ApiError) return error;
    if (this.#expired)
      return new ConnectionError("ETIMEDOUT", new Error(`no answer within ${this.#timeoutMs} ms`));
    return new ConnectionError(codeOf(error), error);
  }

  readonly #abort = (): void => this.#controller.abort();
}
