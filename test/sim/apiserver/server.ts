import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Clock, realClock, sleep } from "../../../operator/runtime/clock.ts";
import { Api } from "./api.ts";
import { type Fault, Faults, type RequestFacts, type WatchFault, isWatchFault } from "./faults.ts";
import { readRequest, send, sendRefusal } from "./http.ts";
import type { Kind } from "./kinds/kind.ts";
import { Refusal, expired } from "./refusal.ts";
import { type ApiRequest, isWrite } from "./request.ts";
import { WatchStream } from "./watch.ts";

/** One request as it was answered; code 0: no answer was sent. */
export interface LoggedRequest extends RequestFacts {
  code: number;
}

export interface FakeApiServerOptions {
  /** Time of the objects and of the watches; the machine's by default. */
  readonly clock?: Clock;
  /** Kinds apart from the built-in ones, from their CustomResourceDefinitions. */
  readonly kinds?: readonly Kind[];
}

/** Called after a write took effect and before it is answered; `drop`: the answer never reaches the client. */
type WriteHook = (write: LoggedRequest, count: number) => "drop" | undefined | void;

const reasons: Readonly<Record<number, string>> = {
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** A Kubernetes API server on 127.0.0.1 that keeps everything in memory and fails on command. */
export class FakeApiServer {
  readonly api: Api;
  readonly faults = new Faults();
  /** Every request, in order. */
  readonly requests: LoggedRequest[] = [];
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<WatchStream>();
  readonly #hooks = new Set<WriteHook>();
  #server: Server | undefined;
  #port = 0;
  #count = 0;
  #writes = 0;

  constructor({ clock = realClock, kinds = [] }: FakeApiServerOptions = {}) {
    this.#clock = clock;
    this.api = new Api({ clock, kinds });
  }

  /** Where it listens, once started. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; again on the same port if it did before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.keepAliveTimeout = 60_000;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Stops listening and breaks every connection; what is stored stays, and `start` brings it back. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Calls `hook` after each write, until the returned function is called. */
  onWrite(hook: WriteHook): () => void {
    this.#hooks.add(hook);
    return () => this.#hooks.delete(hook);
  }

  /** Makes a fault happen to every watch that is open now. */
  breakWatches(watch: WatchFault["watch"]): void {
    for (const stream of this.#watches) stream.break(watch);
  }

  /** Sends a bookmark on every watch that wants them. */
  sendBookmarks(): void {
    for (const stream of this.#watches) stream.bookmark();
  }

  /** Forgets history and continue tokens, as etcd's compaction does: what is older is answered with 410. */
  compact(): void {
    this.api.compact();
  }

  /** The writes so far that took effect, those of a user agent alone if one is given. */
  writes(userAgent?: string): readonly LoggedRequest[] {
    const isOf = (request: LoggedRequest): boolean =>
      userAgent === undefined || request.userAgent === userAgent;
    return this.requests.filter((request) => isWrite(request) && request.code < 300 && isOf(request));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    message.on("error", () => response.destroy());
    const entry: { log?: LoggedRequest } = {};
    try {
      const request = await readRequest(message, this.api.kinds);
      const log = this.#logged(request);
      entry.log = log;
      await this.#answer(request, { response, log });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : internalError(error);
      if (entry.log !== undefined) entry.log.code = refusal.status.code;
      sendRefusal(response, refusal);
    }
  }

  #logged({ verb, kind, subresource, namespace, name, query, userAgent }: ApiRequest): LoggedRequest {
    this.#count += 1;
    const { group, plural: resource } = kind;
    const facts = {
      number: this.#count,
      verb,
      group,
      resource,
      subresource,
      namespace,
      name,
      query,
      userAgent,
    };
    const log = { ...facts, code: 0 };
    this.requests.push(log);
    return log;
  }

  async #answer(
    request: ApiRequest,
    { response, log }: { response: ServerResponse; log: LoggedRequest },
  ): Promise<void> {
    const fault = this.faults.take(log);
    if (fault === "hang") return;
    if (fault === "reset-before") {
      response.destroy();
      return;
    }
    if (typeof fault === "object" && "delayMs" in fault) await sleep(this.#clock, fault.delayMs);
    if (request.verb === "watch") {
      log.code = 200;
      this.#watch(request, response, isWatchFault(fault) ? fault : goneWatch(fault));
      return;
    }
    refuseIf(fault);
    const { code, body } = this.api.handle(request);
    log.code = code;
    const isDropped = isWrite(request) && this.#tell(log);
    if (fault === "reset-after" || isDropped) response.destroy();
    else send(response, code, body);
  }

  #tell(log: LoggedRequest): boolean {
    this.#writes += 1;
    const count = this.#writes;
    return [...this.#hooks].map((hook) => hook(log, count)).includes("drop");
  }

  #watch(request: ApiRequest, response: ServerResponse, fault: WatchFault | undefined): void {
    const stream = new WatchStream({ store: this.api.store, clock: this.#clock, request, response, fault });
    this.#watches.add(stream);
    response.once("close", () => this.#watches.delete(stream));
    stream.start();
  }
}

/** A fault of a plain request, where it strikes a watch. */
function goneWatch(fault: Fault | undefined): WatchFault | undefined {
  if (fault === "gone") return { watch: "gone" };
  if (fault === "reset-after") return { watch: "reset" };
  refuseIf(fault);
  return undefined;
}

function refuseIf(fault: Fault | undefined): void {
  if (fault === "gone") throw expired("too old resource version: 1 (2)");
  if (typeof fault !== "object" || !("status" in fault)) return;
  const {
    status,
    retryAfterSeconds,
    reason = reasons[status] ?? "",
    message = "the test wants this to fail",
  } = fault;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  throw new Refusal({ code: status, reason, message, ...details });
}

/** A mistake of this server itself, told to whoever ran into it. */
const internalError = (error: unknown): Refusal => {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Refusal({ code: 500, reason: "InternalError", message });
};
