import type { ApiClient, KubeObject } from "../../operator/runtime/client.ts";
import type { Column } from "./column.ts";

const watchSeconds = 3_600;

interface Sighting {
  readonly generation: number;
  readonly atMs: number;
}

interface Waiter {
  readonly generation: number;
  readonly resolve: (atMs: number) => void;
}

/** Sees, through one watch, when apps become ready. The same for both columns, so that the ratio is fair. */
export class Observer {
  readonly #column: Column;
  readonly #stopping = new AbortController();
  readonly #ready = new Map<string, Sighting[]>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #failed = Promise.withResolvers<never>();
  #watching: Promise<void> = Promise.resolve();

  private constructor(column: Column) {
    this.#column = column;
    // Whoever waits for an app gets it too; with nobody waiting it must not end the process.
    this.#failed.promise.catch(() => undefined);
  }

  /** Starts watching a namespace; resolves once nothing that happens from now on is missed. */
  static async start(client: ApiClient, column: Column, namespace: string): Promise<Observer> {
    const observer = new Observer(column);
    const { items, metadata } = await client.list(column.watched, { namespace });
    for (const item of items) observer.#take(item);
    observer.#watching = observer.#watch(client, namespace, metadata.resourceVersion ?? "");
    return observer;
  }

  /** When the app was first seen ready at this generation or a later one, on the clock of `performance.now()`. */
  readyAtMs(name: string, generation: number): Promise<number> {
    const seen = this.#ready.get(name)?.find((sighting) => sighting.generation >= generation);
    if (seen !== undefined) return Promise.resolve(seen.atMs);
    const ready = new Promise<number>((resolve) => {
      this.#waiters.set(name, [...(this.#waiters.get(name) ?? []), { generation, resolve }]);
    });
    return Promise.race([ready, this.#failed.promise]);
  }

  /** Names of apps that somebody waits for. */
  get awaited(): readonly string[] {
    return [...this.#waiters.keys()];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watch(client: ApiClient, namespace: string, resourceVersion: string): Promise<void> {
    const options = { namespace, resourceVersion, timeoutSeconds: watchSeconds, allowWatchBookmarks: false };
    const { signal } = this.#stopping;
    try {
      for await (const { type, object } of client.watch(this.#column.watched, options, signal)) {
        if (type === "ERROR") throw new Error(`the observer's watch failed: ${object.message}`);
        if (type !== "DELETED") this.#take(object);
      }
      throw new Error("the observer's watch ended");
    } catch (error) {
      if (!signal.aborted) this.#failed.reject(error);
    }
  }

  #take(object: KubeObject): void {
    const generation = this.#column.readyGeneration(object);
    if (generation === undefined) return;
    const { name } = object.metadata;
    const sightings = this.#ready.get(name) ?? [];
    if ((sightings.at(-1)?.generation ?? 0) >= generation) return;
    const atMs = performance.now();
    this.#ready.set(name, [...sightings, { generation, atMs }]);
    const waiters = this.#waiters.get(name) ?? [];
    for (const waiter of waiters) if (waiter.generation <= generation) waiter.resolve(atMs);
    const others = waiters.filter((waiter) => waiter.generation > generation);
    if (others.length > 0) this.#waiters.set(name, others);
    else this.#waiters.delete(name);
  }
}
