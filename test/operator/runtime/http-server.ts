import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type ClientOptions, createClient } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import type { RequestInfo } from "../../../operator/runtime/transport.ts";
import { perTest } from "../../support/per-test.ts";

export const web = { apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "web" } };
export const ref = web.metadata;

interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  /** The values of each header, which `headers` joins. */
  readonly values: IncomingMessage["headersDistinct"];
  readonly body: string;
}

export type Responder = (received: Received, response: ServerResponse) => void;

export const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

export const ok: Responder = (_, response) => sendJson(response, 200, web);

/** An HTTP server on 127.0.0.1, with or without TLS, and its clients. */
export class TestServer {
  /** Sends the response to a request; set by tests. */
  respond = ok;
  readonly received: Received[] = [];
  /** The attempts that the clients reported. */
  readonly attempts: RequestInfo[] = [];
  /** Number of connections opened so far. */
  connections = 0;
  url = "";
  readonly #server;
  readonly #scheme;
  readonly #clients: ApiClient[] = [];

  constructor(tls?: { readonly cert: Buffer; readonly key: Buffer }) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on(tls === undefined ? "connection" : "secureConnection", () => (this.connections += 1));
  }

  async start(): Promise<this> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    this.url = `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Creates a client; by default a client of this server. */
  connect(options: ClientOptions = {}): ApiClient {
    const onRequest = (request: RequestInfo): void => void this.attempts.push(request);
    const client = createClient({ server: this.url, onRequest, ...options });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers, headersDistinct: values } = request;
    const url = new URL(request.url ?? "/", "http://server");
    const received = { method, url, headers, values, body: await text(request) };
    this.received.push(received);
    this.respond(received, response);
  }
}

/** A server for each test of a file. */
export const useServer = (): (() => TestServer) => perTest(() => new TestServer().start());
