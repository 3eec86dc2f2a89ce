import { WorkQueue, type WorkQueueOptions } from "./workqueue.ts";

interface FeedOptions<E> extends WorkQueueOptions {
  readonly onEvent: (event: E) => Promise<void>;
}

/**
 * Delivers events to an async listener: one of a key at a time, again with backoff if the listener rejects. Of the
 * events of a key that wait only the last is delivered, since it tells the newest state.
 */
export class CoalescingQueue<E> {
  readonly #latest = new Map<string, E>();
  readonly #queue: WorkQueue;

  constructor(options: FeedOptions<E>) {
    this.#queue = new WorkQueue(options);
    this.#queue.run(async (key) => {
      const event = this.#latest.get(key);
      if (event === undefined) return;
      this.#latest.delete(key);
      try {
        await options.onEvent(event);
      } catch (error) {
        if (!this.#latest.has(key)) this.#latest.set(key, event);
        throw error;
      }
    });
  }

  push(key: string, event: E): void {
    this.#latest.set(key, event);
    this.#queue.add(key);
  }

  /** Resolves when the listeners that run have ended. */
  stop(): Promise<void> {
    return this.#queue.shutDown();
  }
}
