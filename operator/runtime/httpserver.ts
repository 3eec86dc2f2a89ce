import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { realClock } from "./clock.ts";
import { FairLimit } from "./fairlimit.ts";
import type { Bindings } from "./health.ts";

/** A listening server. */
export interface Listener {
  /** The actual port, also if port 0 was requested. */
  readonly port: number;
  close(): Promise<void>;
}

export interface ListenOptions {
  /** The address to listen on; by default all addresses. */
  readonly hostname?: string;
  /** Time until a client has sent the headers of its request, ms. */
  readonly requestMs?: number;
  /** How long a connection may live, ms: a client that reads slowly doesn't occupy memory for longer. */
  readonly connectionMs?: number;
  /** True if requests may have a body. Otherwise nothing is read after the headers. */
  readonly hasBodies?: boolean;
}

type Limits = Required<Omit<ListenOptions, "hostname">>;

/** Connections at a time. Each takes about 20 KB, and up to `maxHeaderBytes` for incomplete headers. */
const maxConnections = 128;
/** Node's own limit for headers. */
const maxHeaderBytes = 16_384;
const endOfHeaders = "\r\n\r\n";

/** Destroys the socket after a time, unless the returned function is called or the socket is closed before. */
function expire(socket: Socket, delayMs: number): () => void {
  const timer = realClock.setTimeout(() => socket.destroy(), delayMs);
  const cancel = (): void => realClock.clearTimeout(timer);
  socket.once("close", cancel);
  return cancel;
}

/**
 * Passes a connection on once it has the headers of one request. Node's parser handles all requests of a chunk at once,
 * thousands in 64 KB, which would take 40 ms and megabytes. So a client that sends more than one request, or a body
 * where none is expected, is disconnected before.
 */
function afterHeaders(socket: Socket, { requestMs, hasBodies }: Limits, pass: () => void): void {
  const cancel = expire(socket, requestMs);
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf(endOfHeaders);
    if (end === -1 && received.length <= maxHeaderBytes) return;
    cancel();
    socket.off("data", onData).pause();
    if (end === -1 || (!hasBodies && end + endOfHeaders.length < received.length)) {
      socket.destroy();
      return;
    }
    socket.unshift(received);
    pass();
    socket.resume();
  };
  socket.on("data", onData);
}

/** Lets a connection serve one request. Without bodies, nothing that a client sends after it is read. */
function serveOnce(http: Server, hasBodies: boolean): void {
  http.maxRequestsPerSocket = 1;
  http.on("dropRequest", (_, socket) => socket.destroy());
  http.prependListener("request", ({ socket }, response) => {
    response.shouldKeepAlive = false;
    if (!hasBodies) socket.pause();
  });
}

/**
 * Serves an app on a port. Rejects if the port is in use. A full server closes a connection of the busiest address
 * rather than refuse new ones: whoever fills it would otherwise keep the kubelet's probes out, and the kubelet would
 * restart the process.
 */
export async function listen(
  app: Hono | Hono<{ Bindings: Bindings }>,
  port: number,
  { hostname, ...given }: ListenOptions = {},
): Promise<Listener> {
  const limits = { requestMs: 5_000, connectionMs: 30_000, hasBodies: false, ...given };
  const http = createAdaptorServer({ fetch: app.fetch }) as Server;
  serveOnce(http, limits.hasBodies);
  const open = new FairLimit<Socket>(maxConnections, (socket) => socket.destroy());
  // As Node's HTTP servers do: a client may end its side of the connection after the request.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    expire(socket, limits.connectionMs);
    socket.once("close", () => open.delete(socket));
    // Without a listener, a connection that its client resets would end the process.
    socket.on("error", () => socket.destroy());
    open.add(socket, socket.remoteAddress ?? "");
    afterHeaders(socket, limits, () => http.emit("connection", socket));
  });
  await once(server.listen(port, hostname), "listening");
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      // Open connections of clients would keep the process running.
      open.clear();
    });
  return { port: (server.address() as AddressInfo).port, close };
}
