import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../../../operator/runtime/clock.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { WatchFault } from "./faults.ts";
import { predicateOf } from "./lists.ts";
import { Refusal } from "./refusal.ts";
import type { ApiRequest } from "./request.ts";
import type { Predicate } from "./selectors.ts";
import type { Change, Store } from "./store.ts";

const bookmarkIntervalMs = 60_000;
const defaultTimeoutSeconds = 1800;

const texts = new WeakMap<KubeObject, string>();

/** An object's JSON; written once, however many watches it goes to. */
function textOfObject(object: KubeObject): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  texts.set(object, text);
  return text;
}

interface Event {
  readonly object: KubeObject;
  readonly line: string;
}

const eventOf = (type: string, object: KubeObject): Event => ({
  object,
  line: `{"type":"${type}","object":${textOfObject(object)}}\n`,
});

export interface WatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly request: ApiRequest;
  readonly response: ServerResponse;
  readonly fault: WatchFault | undefined;
}

/** One open watch: what has happened since a revision, and what happens from now on. */
export class WatchStream {
  readonly #options: WatchOptions;
  readonly #matches: Predicate;
  readonly #timers: Timer[] = [];
  #fault: WatchFault | undefined;
  #delivered = 0;
  #held: Event | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#matches = predicateOf(options.request);
    this.#fault = options.fault;
  }

  start(): void {
    const { store, response } = this.#options;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    response.once("close", () => this.#close());
    this.#unsubscribe = store.onChange((change) => this.#see(change));
    this.#arm();
    this.#replay();
    this.#strike();
  }

  /** Makes a fault happen to this watch now. */
  break(watch: WatchFault["watch"]): void {
    this.#fault = { watch, after: this.#delivered };
    this.#strike();
  }

  /** Sends a bookmark, if the client asked for them. */
  bookmark(): void {
    const { store, request } = this.#options;
    if (request.query.get("allowWatchBookmarks") !== "true" || this.#active() === "silent") return;
    const { kind, group, version } = request.kind;
    const apiVersion = group === "" ? version : `${group}/${version}`;
    const object = { kind, apiVersion, metadata: { resourceVersion: String(store.revision) } };
    this.#write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  #arm(): void {
    const { clock, request } = this.#options;
    const seconds = Number(request.query.get("timeoutSeconds") ?? defaultTimeoutSeconds);
    this.#timers.push(clock.setTimeout(() => this.#end(), seconds * 1000));
    const remind = (): void => {
      this.bookmark();
      this.#timers.push(clock.setTimeout(remind, bookmarkIntervalMs));
    };
    this.#timers.push(clock.setTimeout(remind, bookmarkIntervalMs));
  }

  #replay(): void {
    const { store, request } = this.#options;
    const from = request.query.get("resourceVersion") ?? "";
    try {
      if (from !== "" && from !== "0")
        for (const change of store.since(request.kind, Number(from))) this.#see(change);
      else
        for (const object of store.list(request.kind, request.namespace))
          if (this.#matches(object)) this.#deliver(eventOf("ADDED", object));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(error);
    }
  }

  #see({ kind, type, object, before }: Change): void {
    const { request } = this.#options;
    if (kind !== request.kind) return;
    if (request.namespace !== undefined && object.metadata.namespace !== request.namespace) return;
    if (request.name !== undefined && object.metadata.name !== request.name) return;
    const was = before !== undefined && this.#matches(before);
    const is = type !== "DELETED" && this.#matches(object);
    if (is) this.#deliver(eventOf(was ? "MODIFIED" : "ADDED", object));
    else if (was) this.#deliver(eventOf("DELETED", object));
  }

  #deliver(event: Event): void {
    this.#strike(event);
    const fault = this.#active();
    if (fault === "silent") return;
    if (fault === "reorder") this.#swap(event);
    else this.#write(event.line);
    if (fault === "duplicate") this.#write(event.line);
    this.#delivered += 1;
  }

  /** Holds an event back until one of another object has overtaken it. */
  #swap(event: Event): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) {
      this.#held = event;
      // An event that nothing follows is not held for ever.
      setImmediate(() => {
        if (this.#held === event) this.#write(event.line);
        if (this.#held === event) this.#held = undefined;
      });
    } else if (held.object.metadata.uid === event.object.metadata.uid) {
      this.#write(held.line + event.line);
    } else this.#write(event.line + held.line);
  }

  #active(): WatchFault["watch"] | undefined {
    const fault = this.#fault;
    return fault !== undefined && this.#delivered >= (fault.after ?? 0) ? fault.watch : undefined;
  }

  /** Breaks the stream if it is time to; `event` is the one that would come next. */
  #strike(event?: Event): void {
    const { response } = this.#options;
    const fault = this.#active();
    if (fault === "reset") {
      // What was delivered before arrives.
      setImmediate(() => response.destroy());
      this.#close();
    }
    if (fault === "end") this.#end();
    if (fault === "gone") this.#refuse(gone);
    if (fault !== "truncate") return;
    const line = event?.line ?? `{"type":"MODIFIED","object":{"metadata":{"name":"half`;
    response.write(line.slice(0, Math.ceil(line.length / 2)), () => response.destroy());
    this.#close();
  }

  #refuse({ status }: Refusal): void {
    const object = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...status };
    this.#write(`${JSON.stringify({ type: "ERROR", object })}\n`);
    this.#end();
  }

  #write(text: string): void {
    const { response } = this.#options;
    if (this.#unsubscribe !== undefined && !response.writableEnded) response.write(text);
  }

  #end(): void {
    this.#options.response.end();
    this.#close();
  }

  #close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
  }
}

const gone = new Refusal({ code: 410, reason: "Expired", message: "too old resource version: 1 (2)" });
