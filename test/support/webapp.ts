import { type HttpBindings, serve } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import type { Server } from "node:http";
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

function serveOnFreePort(fetch: Parameters<typeof serve>[0]["fetch"]): Promise<Listening> {
  const { promise, resolve } = Promise.withResolvers<Listening>();
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
    resolve({ port, close }),
  ) as Server;
  const close = async (): Promise<void> => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  };
  return promise;
}

/** Starts the app as an HTTP server. */
export const listen = (env: Record<string, string>, hooks?: Partial<ProcessHooks>): Promise<Listening> =>
  serveOnFreePort(appWith(env, hooks).fetch);

/** A round-robin proxy, in place of a Service. Tests may replace its backends at any time. */
export interface RoundRobin extends Listening {
  backends: readonly Listening[];
  /** Number of requests to `/version` so far. */
  readonly requests: () => number;
}

export async function roundRobin(backends: readonly Listening[]): Promise<RoundRobin> {
  let requests = 0;
  const app = new Hono<{ Bindings: HttpBindings }>().all("*", (c) => {
    // Only these requests advance the round robin, so that loading the page doesn't change the shares.
    if (c.req.path === "/version") requests += 1;
    const { port } = service.backends[requests % service.backends.length] ?? { port: 0 };
    return proxy(`http://127.0.0.1:${port}${c.req.path}`, c.req).catch(() => {
      // A stopped backend looks like a stopped pod: the connection breaks.
      c.env.outgoing.destroy();
      return RESPONSE_ALREADY_SENT;
    });
  });
  const service: RoundRobin = { ...(await serveOnFreePort(app.fetch)), backends, requests: () => requests };
  return service;
}
