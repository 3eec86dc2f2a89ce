import type {
  ApiClient,
  ListOptions,
  ObjectList,
  WatchEvent,
  WatchOptions,
} from "../../../operator/runtime/kubernetes.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";

/** A watch that a test feeds by hand. */
class Channel implements AsyncIterable<WatchEvent> {
  readonly options: WatchOptions;
  readonly #signal: AbortSignal;
  readonly #waiting: (() => void)[] = [];
  readonly #events: WatchEvent[] = [];
  #end: { readonly error?: unknown } | undefined;

  constructor(options: WatchOptions, signal: AbortSignal) {
    this.options = options;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.fail(signal.reason));
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  push(...events: WatchEvent[]): void {
    this.#events.push(...events);
    this.#wake();
  }

  end(): void {
    this.#end ??= {};
    this.#wake();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void> {
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) yield event;
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

type Page = ObjectList | Error;

/** Lists and watches as a test says; everything else is refused. */
export class ScriptedApi {
  /** The answers to lists, in turn; the last is repeated. */
  pages: Page[] = [];
  /** Resolves when lists may be answered. */
  hold: Promise<void> | undefined;
  readonly lists: ListOptions[] = [];
  readonly watches: Channel[] = [];
  /** What opening a watch fails with, if it does. */
  refuseWatch: Error | undefined;

  readonly client = {
    list: async (_: unknown, options: ListOptions): Promise<ObjectList> => {
      this.lists.push(options);
      await this.hold;
      const page = this.pages.length > 1 ? this.pages.shift() : this.pages[0];
      if (page === undefined) throw new Error("no page is left");
      if (page instanceof Error) throw page;
      return page;
    },
    watch: (_: unknown, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent> => {
      const channel = new Channel(options, signal);
      this.watches.push(channel);
      if (this.refuseWatch !== undefined) channel.fail(this.refuseWatch);
      return channel;
    },
  } as unknown as ApiClient;

  /** The watch that was opened last. */
  get watch(): Channel {
    const channel = this.watches.at(-1);
    if (channel === undefined) throw new Error("nothing is watched");
    return channel;
  }
}

export const object = (name: string, resourceVersion: number | string, namespace = "shop"): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace, name, uid: `uid-${name}`, resourceVersion: String(resourceVersion) },
});

export const page = (items: readonly KubeObject[], resourceVersion: number, token?: string): ObjectList => ({
  items,
  metadata: { resourceVersion: String(resourceVersion), ...(token !== undefined && { continue: token }) },
});
