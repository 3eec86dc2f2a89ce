import { ConnectionError } from "../../operator/runtime/api-error.ts";
import type { ApiClient } from "../../operator/runtime/client.ts";

/** Kills an operator within this process: from then on no request reaches the API server and no answer comes back. */
export class KillSwitch {
  readonly #abort = new AbortController();
  readonly #lastWrite: number;
  #writes = 0;
  /** The resource of each object that the operator has read. */
  readonly reads: string[] = [];
  /** Resolves when the operator is killed. */
  readonly killed = new Promise<void>((resolve) =>
    this.#abort.signal.addEventListener("abort", () => resolve()),
  );

  /** `lastWrite`: kills at the write of this number, counted from 1, before its answer arrives; default never. */
  constructor(lastWrite = Infinity) {
    this.#lastWrite = lastWrite;
  }

  /** The number of writes so far. */
  get writes(): number {
    return this.#writes;
  }

  kill(): void {
    this.#abort.abort();
  }

  #check(): void {
    if (this.#abort.signal.aborted) throw new ConnectionError("KILLED", new Error("the operator was killed"));
  }

  /** Makes a call. One that is in progress at the kill takes effect, but its answer is lost. */
  async #read<T>(send: () => Promise<T>): Promise<T> {
    this.#check();
    try {
      return await send();
    } finally {
      this.#check();
    }
  }

  async #write<T>(send: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    const isLast = this.#writes === this.#lastWrite;
    return this.#read(async () => {
      try {
        return await send();
      } finally {
        if (isLast) this.kill();
      }
    });
  }

  /** A client that the switch cuts off, also between the attempts of a write. */
  guard(inner: ApiClient, fence?: () => void): ApiClient {
    const client = inner.fenced(() => {
      this.#check();
      fence?.();
    });
    return {
      server: client.server,
      get: (...args) => {
        this.reads.push(args[0].plural);
        return this.#read(() => client.get(...args));
      },
      list: (...args) => this.#read(() => client.list(...args)),
      create: (...args) => this.#write(() => client.create(...args)),
      replace: (...args) => this.#write(() => client.replace(...args)),
      delete: (...args) => this.#write(() => client.delete(...args)),
      apply: (...args) => this.#write(() => client.apply(...args)),
      patch: (...args) => this.#write(() => client.patch(...args)),
      watch: (resource, options, signal) => {
        this.#check();
        return client.watch(resource, options, AbortSignal.any([signal, this.#abort.signal]));
      },
      fenced: (next) => this.guard(client, next),
      close: () => client.close(),
    };
  }
}
