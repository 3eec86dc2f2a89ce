import { setTimeout as delay } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import { noFaults } from "./config.ts";
import type { Faults } from "./config.ts";
import { problem } from "./problem.ts";

/** What the faults do to the process that they are in. */
export interface FaultEffects {
  /** Ends the process with an error. */
  readonly crash: () => void;
  /** A number from 0 (included) to 1 (excluded) that decides whether this answer is an error. */
  readonly random: () => number;
}

/** The faults in force. Setting new ones replaces all, the pending crash included. */
export class FaultState {
  readonly #effects: FaultEffects;
  #current: Faults = noFaults;
  #crash: NodeJS.Timeout | undefined;

  constructor(effects: FaultEffects) {
    this.#effects = effects;
  }

  get current(): Faults {
    return this.#current;
  }

  set(faults: Faults): void {
    clearTimeout(this.#crash);
    this.#current = faults;
    if (faults.crashAfterSeconds === 0) return;
    // Not a reason to stay alive: a process that is asked to stop does not wait for its crash.
    this.#crash = setTimeout(this.#effects.crash, faults.crashAfterSeconds * 1000).unref();
  }

  /** Delays and fails the requests of the routes that it is put before. */
  readonly middleware: MiddlewareHandler = async (c, next) => {
    const { latencyMs, errorRate } = this.#current;
    if (latencyMs > 0) await delay(latencyMs);
    if (this.#effects.random() < errorRate) return problem(c, 500, "fault: error rate");
    await next();
    return undefined;
  };
}
