import { ConnectionError, ExpectedError } from "./api-error.ts";

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "UNKNOWN";

/** The abort signal of one HTTP exchange: aborts after a timeout, or when an outer signal aborts. */
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

  /** Cancels the timeout. The outer signal still aborts the exchange. */
  cancelTimeout(): void {
    clearTimeout(this.#timer);
  }

  /** Releases the timer and the listener on the outer signal. */
  dispose(): void {
    this.cancelTimeout();
    this.#outer?.removeEventListener("abort", this.#abort);
  }

  /**
   * Converts an error that ended the exchange: every error that is no `ExpectedError` becomes a `ConnectionError`. After the
   * timeout, the message says what did not come.
   */
  toClientError(error: unknown, awaited = "response"): ExpectedError {
    if (error instanceof ExpectedError) return error;
    if (this.#expired)
      return new ConnectionError("ETIMEDOUT", new Error(`no ${awaited} within ${this.#timeoutMs} ms`));
    return new ConnectionError(codeOf(error), error);
  }

  readonly #abort = (): void => this.#controller.abort();
}
