import type { Verb } from "./request.ts";

/** What a fault or a test can know of a request. */
export interface RequestFacts {
  /** Counts up from 1 over all requests of a server. */
  readonly number: number;
  readonly verb: Verb;
  readonly group: string;
  /** Plural of the kind. */
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly userAgent: string;
}

/** What happens to a watch once it has delivered `after` events (default 0). */
export interface WatchFault {
  readonly watch:
    | "truncate" // the connection breaks in the middle of an event
    | "reset" // the connection breaks between events
    | "end" // the server ends the stream properly
    | "gone" // an ERROR event says 410
    | "silent" // the stream stays open and delivers nothing more
    | "duplicate" // this and every further event comes twice
    | "reorder"; // from here on, events of different objects swap places
  readonly after?: number;
}

/**
 * What goes wrong. `reset-before`: the connection breaks and nothing happened. `reset-after`: it breaks once the
 * request took effect. `hang`: no answer ever comes. `gone`: 410, on a watch as an event.
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
  /** How often it strikes, default once. */
  readonly times?: number;
  /** The fault, or how to choose one; undefined lets the request pass and does not count. */
  readonly do: Fault | ((request: RequestFacts) => Fault | undefined);
}

/** The faults that are to come. The first rule that applies strikes. */
export class Faults {
  #rules: { readonly rule: FaultRule; left: number }[] = [];

  /** Adds a rule; the returned function takes it back. */
  add(rule: FaultRule): () => void {
    const entry = { rule, left: rule.times ?? 1 };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** Whether some fault has not struck as often as it should. */
  get pending(): boolean {
    return this.#rules.some(({ left }) => left > 0 && Number.isFinite(left));
  }

  /** The fault that strikes this request, if any. */
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

export const isWatchFault = (fault: Fault | undefined): fault is WatchFault =>
  typeof fault === "object" && "watch" in fault;
