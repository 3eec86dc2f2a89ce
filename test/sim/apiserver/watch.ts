import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../../../operator/runtime/clock.ts";
import { type KubeObject, apiVersionOf } from "../../../operator/runtime/kubernetes.ts";
import type { WatchFault } from "./faults.ts";
import { Refusal } from "./refusal.ts";
import type { ApiRequest } from "./request.ts";
import { type Predicate, predicateOf } from "./selectors.ts";
import type { Change, Store } from "./store.ts";

const bookmarkIntervalMs = 60_000;
const defaultTimeoutSeconds = 1800;

const texts = new WeakMap<KubeObject, string>();

/** An object as JSON. Every watch of the object shares the text. */
function textOfObject(object: KubeObject): string {
  const text = texts.get(object) ?? JSON.stringify(object);
  texts.set(object, text);
  return text;
}

interface Event {
  readonly object: KubeObject;
  readonly line: string;
}

export interface WatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly request: ApiRequest;
  readonly response: ServerResponse;
  readonly fault: WatchFault | undefined;
}

/** One open watch: sends the changes since a revision, then each new change. */
export class WatchStream {
  readonly #options: WatchOptions;
  readonly #matches: Predicate;
  readonly #timers: Timer[] = [];
  #fault: WatchFault | undefined;
  #delivered = 0;
  #delayed: Event | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#matches = predicateOf(options.request.query);
    this.#fault = options.fault;
  }

  start(): void {
    const { store, clock, request, response } = this.#options;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    response.once("close", () => this.#close());
    this.#unsubscribe = store.onChange((change) => this.#onChange(change));
    const seconds = Number(request.query.get("timeoutSeconds") ?? defaultTimeoutSeconds);
    this.#timers.push(clock.setTimeout(() => this.#end(), seconds * 1000));
    this.#scheduleBookmark();
    if (request.query.get("sendInitialEvents") === "true") this.#sendInitialEvents();
    else this.#replay();
    this.#break();
  }

  /** Injects a fault into this watch now. */
  inject(watch: WatchFault["watch"]): void {
    this.#fault = { watch, after: this.#delivered };
    this.#break();
  }

  #scheduleBookmark(): void {
    const { clock, request } = this.#options;
    if (request.query.get("allowWatchBookmarks") !== "true") return;
    const bookmark = (): void => {
      this.#sendBookmark();
      this.#scheduleBookmark();
    };
    this.#timers.push(clock.setTimeout(bookmark, bookmarkIntervalMs));
  }

  #sendBookmark(annotations?: Readonly<Record<string, string>>): void {
    const { store, request } = this.#options;
    const metadata = { resourceVersion: String(store.revision), annotations };
    const object = { kind: request.kind.kind, apiVersion: apiVersionOf(request.kind), metadata };
    if (this.#activeFault() !== "silent") this.#write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  /** Streams the present objects, and the bookmark that ends them (KEP-3157). */
  #sendInitialEvents(): void {
    const { store, request } = this.#options;
    for (const object of store.list(request.kind, request.namespace))
      if (this.#matches(object)) this.#deliver("ADDED", object);
    this.#sendBookmark({ "k8s.io/initial-events-end": "true" });
  }

  #replay(): void {
    const { store, request } = this.#options;
    const from = request.query.get("resourceVersion");
    try {
      for (const change of store.since(request.kind, Number(from))) this.#onChange(change);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(error);
    }
  }

  #onChange({ kind, type, object, before }: Change): void {
    const { request } = this.#options;
    if (kind !== request.kind) return;
    if (request.namespace !== undefined && object.metadata.namespace !== request.namespace) return;
    const didMatch = before !== undefined && this.#matches(before);
    const matches = type !== "DELETED" && this.#matches(object);
    if (matches) this.#deliver(didMatch ? "MODIFIED" : "ADDED", object);
    else if (didMatch) this.#deliver("DELETED", object);
  }

  #deliver(type: string, object: KubeObject): void {
    const event = { object, line: `{"type":"${type}","object":${textOfObject(object)}}\n` };
    this.#break(event);
    const fault = this.#activeFault();
    if (fault === "silent") return;
    if (fault === "reorder") this.#swap(event);
    else this.#write(event.line);
    if (fault === "duplicate") this.#write(event.line);
    this.#delivered += 1;
  }

  /** Delays every second event until after the next one; events of one object keep their order. */
  #swap(event: Event): void {
    const delayed = this.#delayed;
    this.#delayed = delayed === undefined ? event : undefined;
    if (delayed === undefined)
      // The event must also arrive if no other event follows.
      setImmediate(() => {
        if (this.#delayed !== event) return;
        this.#delayed = undefined;
        this.#write(event.line);
      });
    else if (delayed.object.metadata.uid === event.object.metadata.uid)
      this.#write(delayed.line + event.line);
    else this.#write(event.line + delayed.line);
  }

  #activeFault(): WatchFault["watch"] | undefined {
    const fault = this.#fault;
    return fault !== undefined && this.#delivered >= (fault.after ?? 0) ? fault.watch : undefined;
  }

  /** Ends the stream if an active fault says so; `next` is the next event, if there is one. */
  #break(next?: Event): void {
    const { response } = this.#options;
    const fault = this.#activeFault();
    if (fault === "reset") {
      // The events before the fault still arrive.
      setImmediate(() => response.destroy());
      this.#close();
    }
    if (fault === "end") this.#end();
    if (fault === "gone") this.#refuse(new Refusal(410, "too old resource version: 1 (2)"));
    if (fault !== "truncate") return;
    const line = next?.line ?? `{"type":"MODIFIED","object":{"metadata":{"name":"half`;
    response.write(line.slice(0, Math.ceil(line.length / 2)), () => response.destroy());
    this.#close();
  }

  #refuse({ status }: Refusal): void {
    this.#write(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
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
