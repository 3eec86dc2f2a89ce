import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (received: Received, response: ServerResponse) => void;

export interface TestServer {
  readonly url: string;
  /** How many connections were opened so far. */
  readonly connections: () => number;
  readonly received: readonly Received[];
  answer: Answer;
  close(): Promise<void>;
}

export const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** A server on 127.0.0.1 that answers as the test says. */
export const startServer = async (
  answer: Answer,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<TestServer> => {
  const received: Received[] = [];
  let connections = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://server");
    const entry = {
      method: request.method ?? "",
      url,
      headers: request.headers,
      body: await bodyOf(request),
    };
    received.push(entry);
    server.answer(entry, response);
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch(() => response.destroy());
  };
  const http = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  http.on(tls === undefined ? "connection" : "secureConnection", () => (connections += 1));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const server: TestServer = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    connections: () => connections,
    received,
    answer,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
};
