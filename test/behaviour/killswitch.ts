import { ConnectionError } from "../../operator/runtime/api-error.ts";
import type { ApiClient } from "../../operator/runtime/client.ts";

/** Kills an operator within this process: from then on no request reaches the API server and no answer comes back. */
export class KillSwitch {
  readonly #abort = new AbortController();
  readonly #lastCall: number;
  #calls = 0;
  /** Resolves when the operator is killed. */
  readonly killed = new Promise<void>((resolve) =>
    this.#abort.signal.addEventListener("abort", () => resolve()),
  );

  /** `lastCall`: kills at the API call of this number, counted from 1, before its answer arrives; default never. */
  constructor(lastCall = Infinity) {
    this.#lastCall = lastCall;
  }

  /** The number of API calls so far, watches included. */
  get calls(): number {
    return this.#calls;
  }

  kill(): void {
    this.#abort.abort();
  }

  #check(): void {
    if (this.#abort.signal.aborted) throw new ConnectionError("KILLED", new Error("the operator was killed"));
  }

  /** Counts a call; true for the last one. */
  #count(): boolean {
    this.#check();
    this.#calls += 1;
    return this.#calls === this.#lastCall;
  }

  /** Makes a call. One that is in progress at the kill takes effect, but its answer is lost. */
  async #call<T>(send: () => Promise<T>): Promise<T> {
    const isLast = this.#count();
    try {
      return await send();
    } finally {
      if (isLast) this.kill();
      this.#check();
    }
  }

  /** A client that the switch cuts off, also between the attempts of a write. */
  guard(inner: ApiClient, fence?: () => void): ApiClient {
    const client = inner.fenced(() => {
      this.#check();
      fence?.();
    });
    return {
      server: client.server,
      get: (...args) => this.#call(() => client.get(...args)),
      list: (...args) => this.#call(() => client.list(...args)),
      create: (...args) => this.#call(() => client.create(...args)),
      replace: (...args) => this.#call(() => client.replace(...args)),
      delete: (...args) => this.#call(() => client.delete(...args)),
      apply: (...args) => this.#call(() => client.apply(...args)),
      patch: (...args) => this.#call(() => client.patch(...args)),
      watch: (resource, options, signal) => {
        if (this.#count()) this.kill();
        return client.watch(resource, options, AbortSignal.any([signal, this.#abort.signal]));
      },
      fenced: (next) => this.guard(client, next),
      close: () => client.close(),
    };
  }
}
