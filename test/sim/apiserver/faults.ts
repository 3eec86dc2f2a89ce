import type { ApiRequest } from "./request.ts";

/** The part of a request that a fault or a test can see. */
export interface RequestFacts extends Pick<
  ApiRequest,
  "verb" | "subresource" | "namespace" | "name" | "query" | "userAgent"
> {
  readonly group: string;
  /** The plural name of the kind. */
  readonly resource: string;
}

/** A fault of a watch that has delivered `after` events (default 0). */
export interface WatchFault {
  readonly watch:
    | "truncate" // the connection breaks in the middle of an event
    | "reset" // the connection breaks between events
    | "end" // the server ends the stream properly
    | "gone" // the server sends an ERROR event with code 410
    | "silent" // the stream stays open without further events
    | "duplicate" // the server sends each further event twice
    | "reorder"; // further events of different objects swap places
  readonly after?: number;
}

/**
 * `reset-before`: the connection breaks before the request takes effect. `reset-after`: the connection breaks after the
 * request took effect. `hang`: the server never answers. `gone`: 410; a watch gets the code as an event.
 */
export type Fault =
  | "reset-before"
  | "reset-after"
  | "hang"
  | "gone"
  | {
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly reason?: string;
      readonly message?: string;
    }
  | { readonly delayMs: number }
  | WatchFault;

export interface FaultRule {
  readonly when?: (request: RequestFacts) => boolean;
  /** The number of requests to which the rule applies, default 1. */
  readonly times?: number;
  /** The fault, or a function that chooses it. A request without fault does not count. */
  readonly do: Fault | ((request: RequestFacts) => Fault | undefined);
}

/** The faults to inject. The first matching rule applies. */
export class Faults {
  #rules: { readonly rule: FaultRule; left: number }[] = [];

  /** Adds a rule; the returned function removes it. */
  add(rule: FaultRule): () => void {
    const entry = { rule, left: rule.times ?? 1 };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry);
    };
  }

  /** The fault for a request; uses up one count of its rule. */
  take(request: RequestFacts): Fault | undefined {
    for (const entry of this.#rules) {
      if (entry.left <= 0 || entry.rule.when?.(request) === false) continue;
      const { do: choice } = entry.rule;
      const fault = typeof choice === "function" ? choice(request) : choice;
      if (fault === undefined) continue;
      entry.left -= 1;
      return fault;
    }
    return undefined;
  }
}
