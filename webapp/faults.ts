import { setTimeout as delay } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import { noFaults } from "./config.ts";
import type { Faults } from "./config.ts";
import { problem } from "./problem.ts";

/** The process functions that faults use. */
export interface FaultEffects {
  /** Exits the process with an error. */
  readonly crash: () => void;
  /** Returns a number in [0, 1). A response fails if the number is below the error rate. */
  readonly random: () => number;
}

/** The active faults. `set` replaces all of them and cancels a pending crash. */
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
    // unref: the crash timer must not keep a stopping process running.
    this.#crash = setTimeout(this.#effects.crash, faults.crashAfterSeconds * 1000).unref();
  }

  /** Delays and fails the requests of the routes that use the middleware. */
  readonly middleware: MiddlewareHandler = async (c, next) => {
    const { latencyMs, errorRate } = this.#current;
    if (latencyMs > 0) await delay(latencyMs);
    if (this.#effects.random() < errorRate) return problem(c, 500, "fault: error rate");
    await next();
    return undefined;
  };
}
