import { serve } from "@hono/node-server";
import { createServer, request } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp } from "../../webapp/app.ts";
import type { ProcessHooks } from "../../webapp/app.ts";
import { loadConfig } from "../../webapp/config.ts";

/** Creates the app from environment variables, without log output unless `hooks` has a logger. */
export const appWith = (env: Record<string, string> = {}, hooks: Partial<ProcessHooks> = {}) =>
  createApp(loadConfig({ POD_NAME: "pod-a", LOG_LEVEL: "silent", ...env }), hooks);

/** A server on a free port of 127.0.0.1. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

function listening(server: Server): Promise<Listening> {
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return new Promise((resolve) =>
    server.on("listening", () => resolve({ port: (server.address() as AddressInfo).port, close })),
  );
}

/** Starts the app as an HTTP server. */
export const listen = (env: Record<string, string>, hooks?: Partial<ProcessHooks>): Promise<Listening> =>
  listening(serve({ fetch: appWith(env, hooks).fetch, port: 0, hostname: "127.0.0.1" }) as Server);

/** A round-robin proxy, in place of a Service. Tests may replace its backends at any time. */
export interface RoundRobin extends Listening {
  backends: readonly Listening[];
  /** Number of requests to `/version` so far. */
  readonly requests: () => number;
}

export async function roundRobin(backends: readonly Listening[]): Promise<RoundRobin> {
  let requests = 0;
  const forward: RequestListener = (incoming, outgoing) => {
    // Only these requests advance the round robin, so that loading the page doesn't change the shares.
    if (incoming.url === "/version") requests += 1;
    const { port } = proxy.backends[requests % proxy.backends.length] ?? { port: 0 };
    const { url, method, headers } = incoming;
    const onward = request(
      { host: "127.0.0.1", port, path: url, method, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    // A stopped backend looks like a stopped pod: the connection breaks.
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(forward).listen(0, "127.0.0.1");
  const proxy: RoundRobin = { ...(await listening(server)), backends, requests: () => requests };
  return proxy;
}
