import { ConnectionError } from "../../operator/runtime/api-error.ts";
import type { ApiClient, WatchEvent, WatchOptions } from "../../operator/runtime/client.ts";
import type { ResourceType } from "../../operator/runtime/client.ts";

/** A process's life as its API server sees it: calls, until it is killed. */
export class Life {
  readonly #end = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #lastCall: number;
  #calls = 0;

  /** `lastCall`: the number of the call, from 1, that it does not live to see the answer of; default never. */
  constructor(lastCall = Infinity) {
    this.#lastCall = lastCall;
  }

  /** How many calls it has made, open watches counted. */
  get calls(): number {
    return this.#calls;
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Resolves when it is over. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(): void {
    this.#end.abort();
    this.#ended.resolve();
  }

  /** Throws if it is over. */
  check(): void {
    if (this.signal.aborted) throw new ConnectionError("KILLED", new Error("this process was killed"));
  }

  /** Makes a call; one that is under way at the end takes effect, and nobody hears the answer. */
  async call<T>(send: () => Promise<T>): Promise<T> {
    const number = this.begin();
    try {
      return await send();
    } finally {
      if (this.isLast(number)) this.end();
      this.check();
    }
  }

  /** Counts a call; gives its number. */
  begin(): number {
    this.check();
    this.#calls += 1;
    return this.#calls;
  }

  /** Whether the call of this number is the last. */
  isLast(number: number): boolean {
    return number === this.#lastCall;
  }
}

/** A client whose process can be killed: from then on nothing reaches the server, and nothing comes back. */
class MortalClient implements ApiClient {
  readonly #inner: ApiClient;
  readonly #life: Life;

  constructor(inner: ApiClient, life: Life) {
    this.#inner = inner;
    this.#life = life;
  }

  get server(): string {
    return this.#inner.server;
  }

  get: ApiClient["get"] = (...of) => this.#life.call(() => this.#inner.get(...of));
  list: ApiClient["list"] = (...of) => this.#life.call(() => this.#inner.list(...of));
  create: ApiClient["create"] = (...of) => this.#life.call(() => this.#inner.create(...of));
  replace: ApiClient["replace"] = (...of) => this.#life.call(() => this.#inner.replace(...of));
  delete: ApiClient["delete"] = (...of) => this.#life.call(() => this.#inner.delete(...of));
  apply: ApiClient["apply"] = (...of) => this.#life.call(() => this.#inner.apply(...of));
  patch: ApiClient["patch"] = (...of) => this.#life.call(() => this.#inner.patch(...of));

  async *watch(
    resource: ResourceType,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent, void> {
    const number = this.#life.begin();
    if (this.#life.isLast(number)) this.#life.end();
    const either = AbortSignal.any([signal, this.#life.signal]);
    yield* this.#inner.watch(resource, options, either);
  }

  fenced(fence: () => void): ApiClient {
    const fenced = this.#inner.fenced(() => {
      this.#life.check();
      fence();
    });
    return new MortalClient(fenced, this.#life);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** The client for one life. */
export const mortal = (client: ApiClient, life: Life): ApiClient =>
  new MortalClient(client, life).fenced(() => undefined);
