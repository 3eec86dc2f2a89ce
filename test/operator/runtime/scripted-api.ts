import { PassThrough } from "node:stream";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import type {
  ApiClient,
  KubeObject,
  ListOptions,
  ObjectList,
  WatchEvent,
  WatchOptions,
} from "../../../operator/runtime/kubernetes.ts";

/** Opens a watch whose events a test sends. */
function openWatch(options: WatchOptions, signal: AbortSignal) {
  const stream = new PassThrough({ objectMode: true });
  const watch = {
    options,
    signal,
    push: (...events: WatchEvent[]) => events.forEach((event) => stream.write(event)),
    end: () => void stream.end(),
    /** Ends the watch with an error, after the events sent before. */
    fail: (error: unknown) => void (stream.writableEnded || stream.end({ error })),
    async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void> {
      for await (const item of stream as AsyncIterable<WatchEvent | { readonly error: unknown }>) {
        if ("error" in item) throw item.error;
        yield item;
      }
    },
  };
  signal.addEventListener("abort", () => watch.fail(signal.reason));
  return watch;
}

type ScriptedWatch = ReturnType<typeof openWatch>;

/** The lists and watches of a client, as a test scripts them. */
export class ScriptedApi {
  /** The responses to lists, in order. The last one is repeated. */
  pages: (ObjectList | Error)[] = [];
  /** If set, lists wait for this promise. */
  hold: Promise<void> | undefined;
  readonly lists: ListOptions[] = [];
  readonly watches: ScriptedWatch[] = [];
  /** Whether the server streams lists. A server that doesn't refuses such a watch. */
  streamsLists = false;
  /** The error that every new watch fails with, if any. */
  watchError: Error | undefined;

  readonly client = {
    list: async (_, options) => {
      this.lists.push(options);
      await this.hold;
      const page = this.pages.length > 1 ? this.pages.shift() : this.pages[0];
      if (page === undefined) throw new Error("the test has no page for this list");
      if (page instanceof Error) throw page;
      return page;
    },
    watch: (_, options, signal) => {
      if (options.sendInitialEvents === true && !this.streamsLists)
        throw new ApiError(422, { message: "sendInitialEvents is forbidden for watch" });
      const watch = openWatch(options, signal);
      this.watches.push(watch);
      if (this.watchError !== undefined) watch.fail(this.watchError);
      return watch;
    },
  } as Pick<ApiClient, "list" | "watch"> as ApiClient;

  /** The latest watch. */
  get watch(): ScriptedWatch {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error("no watch was opened");
    return watch;
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
