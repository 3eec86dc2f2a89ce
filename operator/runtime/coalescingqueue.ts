import { WorkQueue, type WorkQueueOptions } from "./workqueue.ts";

interface CoalescingQueueOptions<E> extends WorkQueueOptions {
  readonly onEvent: (event: E) => Promise<void>;
}

/**
 * Delivers events to an async listener, one event per key at a time. If the listener rejects, the event is delivered
 * again with backoff. Of a key's pending events only the latest, which has the newest state, is delivered.
 */
export class CoalescingQueue<E> {
  readonly #latest = new Map<string, E>();
  readonly #queue: WorkQueue;

  constructor(options: CoalescingQueueOptions<E>) {
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

  /** Stops delivering. Resolves when all running calls of the listener have ended. */
  stop(): Promise<void> {
    return this.#queue.shutDown();
  }
}
