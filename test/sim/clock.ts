import { setImmediate } from "node:timers/promises";
import type { Clock, Timer } from "../../operator/runtime/clock.ts";

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Waits until promise callbacks and pending I/O that need no time are done. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
};

/** A clock that moves only when a test advances it. */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  /** In the order in which they were set. */
  readonly #pending = new Map<Timer, Pending>();
  #elapsedMs = 0;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer: Timer = { [Symbol.dispose]: () => this.#pending.delete(timer) };
    this.#pending.set(timer, { dueMs: this.#elapsedMs + Math.max(0, delayMs), callback });
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#pending.delete(timer);
  }

  /** The number of pending timers. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Advances the time, runs each timer at its due time, and settles after each one. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      const [timer, { dueMs, callback }] = next;
      this.#elapsedMs = Math.max(this.#elapsedMs, dueMs);
      this.#pending.delete(timer);
      callback();
      await settle();
    }
    this.#elapsedMs = endMs;
  }

  /** Advances the time without running timers, as if the process were stopped meanwhile (SIGSTOP). */
  jump(ms: number): void {
    this.#elapsedMs += ms;
  }

  /** The first due timer; the sort is stable, so timers with the same due time run in the order they were set. */
  #nextDue(endMs: number): readonly [Timer, Pending] | undefined {
    const due = [...this.#pending].filter(([, { dueMs }]) => dueMs <= endMs);
    return due.sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
  }
}
