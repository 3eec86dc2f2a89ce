import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, realClock, sleep } from "../../../operator/runtime/clock.ts";
import { Api } from "./api.ts";
import { type Fault, Faults, type RequestFacts, type WatchFault } from "./faults.ts";
import type { Kind } from "./kinds/kind.ts";
import { Refusal } from "./refusal.ts";
import { type Answer, type ApiRequest, readRequest } from "./request.ts";
import { WatchStream } from "./watch.ts";

/** One answered request. Code 0 means that the server sent no answer. */
export interface LoggedRequest extends RequestFacts {
  code: number;
}

export interface FakeApiServerOptions {
  /** The time of objects and watches; the machine's clock by default. */
  readonly clock?: Clock;
  /** Custom kinds that the server serves beside the built-in ones. */
  readonly kinds?: readonly Kind[];
}

/** A Kubernetes API server on 127.0.0.1 that keeps objects in memory and injects faults. */
export class FakeApiServer {
  readonly api: Api;
  readonly faults = new Faults();
  /** Every request, in order. */
  readonly requests: LoggedRequest[] = [];
  readonly #clock: Clock;
  readonly #watches = new Set<WatchStream>();
  #server: Server | undefined;
  #port = 0;

  constructor({ clock = realClock, kinds = [] }: FakeApiServerOptions = {}) {
    this.#clock = clock;
    this.api = new Api({ clock, kinds });
  }

  /** The address after the start. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts to listen; a second start uses the same port. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.keepAliveTimeout = 60_000;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Stops listening and breaks all connections. The objects stay for the next start. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Injects a fault into every open watch. */
  breakWatches(watch: WatchFault["watch"]): void {
    for (const stream of this.#watches) stream.inject(watch);
  }

  /** Drops history and continue tokens, as etcd's compaction does: the server refuses older ones with 410. */
  compact(): void {
    this.api.compact();
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    message.on("error", () => response.destroy());
    let log: LoggedRequest | undefined;
    try {
      const request = await readRequest(message, this.api.kinds);
      const { kind, body: _, contentType: __, ...facts } = request;
      log = { ...facts, group: kind.group, resource: kind.plural, code: 0 };
      this.requests.push(log);
      await this.#answer(request, response, log);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : internalError(error);
      if (log !== undefined) log.code = refusal.code;
      sendRefusal(response, refusal);
    }
  }

  async #answer(request: ApiRequest, response: ServerResponse, log: LoggedRequest): Promise<void> {
    const fault = this.faults.take(log);
    if (fault === "hang") return;
    if (fault === "reset-before") {
      response.destroy();
      return;
    }
    if (typeof fault === "object" && "delayMs" in fault) await sleep(this.#clock, fault.delayMs);
    if (typeof fault === "object" && "status" in fault) throw refusalOf(fault);
    if (request.verb === "watch") {
      log.code = 200;
      this.#watch({ request, response, fault: watchFaultOf(fault) });
      return;
    }
    if (fault === "gone") throw new Refusal(410, "too old resource version: 1 (2)");
    const answer = this.api.handle(request);
    log.code = answer.code;
    if (fault === "reset-after") response.destroy();
    else send(response, answer);
  }

  #watch(watch: { request: ApiRequest; response: ServerResponse; fault: WatchFault | undefined }): void {
    const stream = new WatchStream({ ...watch, store: this.api.store, clock: this.#clock });
    this.#watches.add(stream);
    watch.response.once("close", () => this.#watches.delete(stream));
    stream.start();
  }
}

/** The form that a fault takes in a watch. */
function watchFaultOf(fault: Fault | undefined): WatchFault | undefined {
  if (fault === "gone") return { watch: "gone" };
  if (fault === "reset-after") return { watch: "reset" };
  return typeof fault === "object" && "watch" in fault ? fault : undefined;
}

function refusalOf(fault: Extract<Fault, { status: number }>): Refusal {
  const { status, retryAfterSeconds, reason, message = "injected fault" } = fault;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  return new Refusal(status, message, { reason, ...details });
}

/** Reports an error of the fake itself to the client. */
const internalError = (error: unknown): Refusal =>
  new Refusal(500, error instanceof Error ? (error.stack ?? error.message) : String(error));

function send(response: ServerResponse, { code, body }: Answer): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function sendRefusal(response: ServerResponse, { code, details, status }: Refusal): void {
  const { retryAfterSeconds } = details ?? {};
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
  if (code !== 404 || details !== undefined) {
    send(response, { code, body: status });
    return;
  }
  // The API server's answer for a group that it does not serve is no JSON.
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
  response.end("404 page not found\n");
}
