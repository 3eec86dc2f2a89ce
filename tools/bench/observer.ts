import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient } from "../../operator/runtime/client.ts";
import type { Column } from "./column.ts";

const watchSeconds = 3_600;
const deadlineMs = 1_800_000;

/** When an app was first seen ready at this generation or a later one, on the clock of `performance.now()`. */
type ReadyAtMs = (name: string, generation: number) => Promise<number>;

/**
 * Does `work` while one watch records when the apps of a namespace become ready. Both columns use it, so that their
 * ratio is fair. Rejects if the watch ends, or if an app that `work` waits for is not ready after half an hour.
 */
export async function observe<T>(
  client: ApiClient,
  { column, namespace }: { readonly column: Column; readonly namespace: string },
  work: (readyAtMs: ReadyAtMs) => Promise<T>,
): Promise<T> {
  const ready = new Map<string, PromiseWithResolvers<number>>();
  const entryOf = (name: string, generation: number): PromiseWithResolvers<number> => {
    const key = `${name}/${generation}`;
    const entry = ready.get(key) ?? Promise.withResolvers<number>();
    ready.set(key, entry);
    return entry;
  };
  const stopping = new AbortController();
  const { metadata } = await client.list(column.watched, { namespace });
  const { resourceVersion = "" } = metadata;
  const options = { namespace, resourceVersion, timeoutSeconds: watchSeconds, allowWatchBookmarks: false };
  const watch = async (): Promise<never> => {
    for await (const { type, object } of client.watch(column.watched, options, stopping.signal)) {
      if (type === "ERROR") throw new Error(`the observer's watch failed: ${object.message}`);
      // Later events resolve an entry again, which changes nothing.
      const newest = type === "DELETED" ? 0 : (column.readyGeneration(object) ?? 0);
      for (let generation = 1; generation <= newest; generation += 1)
        entryOf(object.metadata.name, generation).resolve(performance.now());
    }
    throw new Error("the observer's watch ended");
  };
  const readyAtMs: ReadyAtMs = (name, generation) => {
    const late = delay(deadlineMs, undefined, { ref: false }).then(() => {
      throw new Error(`${name} is not ready after ${deadlineMs / 1000} s`);
    });
    return Promise.race([entryOf(name, generation).promise, late]);
  };
  try {
    return await Promise.race([work(readyAtMs), watch()]);
  } finally {
    stopping.abort();
  }
}
