import { setImmediate } from "node:timers/promises";
import type { Clock, Timer } from "../../operator/runtime/clock.ts";

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Lets everything that needs no time happen: promise callbacks and I/O that is already there. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
};

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  readonly #pending = new Map<Timer, Pending>();
  #elapsedMs = 0;
  #order = 0;

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
    this.#order += 1;
    this.#pending.set(timer, { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order, callback });
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#pending.delete(timer);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves time on, running each timer that falls due at its own time, and lets what it started settle. */
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

  /** Moves time on without running any timer, as if the process had been stopped meanwhile (SIGSTOP). */
  jump(ms: number): void {
    this.#elapsedMs += ms;
  }

  #nextDue(endMs: number): readonly [Timer, Pending] | undefined {
    const due = [...this.#pending].filter(([, { dueMs }]) => dueMs <= endMs);
    return due.sort(([, a], [, b]) => a.dueMs - b.dueMs || a.order - b.order)[0];
  }
}
