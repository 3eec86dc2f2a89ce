import { serve } from "@hono/node-server";
import { createServer, request } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp } from "../../webapp/app.ts";
import type { Surroundings } from "../../webapp/app.ts";
import { loadConfig } from "../../webapp/config.ts";

/** The app as its environment makes it, silent unless a log is given. */
export const appWith = (env: Record<string, string> = {}, around: Partial<Surroundings> = {}) =>
  createApp(loadConfig({ POD_NAME: "pod-a", LOG_LEVEL: "silent", ...env }), around);

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

/** The app behind a real server. */
export const listen = (env: Record<string, string>, around?: Partial<Surroundings>): Promise<Listening> =>
  listening(serve({ fetch: appWith(env, around).fetch, port: 0, hostname: "127.0.0.1" }) as Server);

/** A Service in little: sends each request to the next of its backends, which may be changed as it goes. */
export interface RoundRobin extends Listening {
  backends: readonly Listening[];
  /** Requests to `/version` so far. */
  readonly asked: () => number;
}

export async function roundRobin(backends: readonly Listening[]): Promise<RoundRobin> {
  let turn = 0;
  const forward: RequestListener = (incoming, outgoing) => {
    // Only these take turns, so that loading the page doesn't shift the shares.
    if (incoming.url === "/version") turn += 1;
    const { port } = proxy.backends[turn % proxy.backends.length] ?? { port: 0 };
    const { url, method, headers } = incoming;
    const onward = request(
      { host: "127.0.0.1", port, path: url, method, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    // What a client sees of a pod that is gone.
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(forward).listen(0, "127.0.0.1");
  const proxy: RoundRobin = { ...(await listening(server)), backends, asked: () => turn };
  return proxy;
}
