import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { Hono } from "hono";
import type { Metrics } from "./metrics.ts";

/** Returns the reason why a check fails, or undefined if the check passes. */
export type Check = () => string | undefined;
export type Checks = Readonly<Record<string, Check>>;

export interface HealthOptions {
  /** Checks that fail if a restart would help. Any response shows that the event loop runs. */
  readonly live: Checks;
  /** Checks that fail while the process can't work. */
  readonly ready: Checks;
  readonly metrics: Metrics;
}

const runChecks = (checks: Checks, verbose: boolean) => {
  const results = Object.entries(checks).map(([name, check]) => ({ name, reason: check() }));
  const failed = results.filter(({ reason }) => reason !== undefined);
  const shown = verbose ? results : failed;
  const lines = shown.map(({ name, reason }) =>
    reason === undefined ? `[+] ${name} ok` : `[-] ${name}: ${reason}`,
  );
  const text = [...lines, failed.length === 0 ? "ok" : "not ok"].join("\n");
  return { text: `${text}\n`, status: failed.length === 0 ? 200 : 503 } as const;
};

/** Creates an app with /livez, /readyz (both with `?verbose`, as on the API server) and /metrics. Does not listen. */
export const createHealthApp = ({ live, ready, metrics }: HealthOptions): Hono => {
  const app = new Hono();
  const endpoints = { "/livez": live, "/readyz": ready };
  for (const [path, checks] of Object.entries(endpoints)) {
    app.get(path, (context) => {
      const { text, status } = runChecks(checks, context.req.query("verbose") !== undefined);
      return context.text(text, status);
    });
  }
  app.get("/metrics", async (context) =>
    context.body(await metrics.scrape(), 200, { "content-type": metrics.registry.contentType }),
  );
  return app;
};

/** A listening server. */
export interface Listener {
  /** The actual port, also if port 0 was requested. */
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on the port of all addresses, or of `hostname` only. Rejects if the port is in use. */
export const listen = (app: Hono, port: number, hostname?: string): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const server: ServerType = serve(
      { fetch: app.fetch, port, ...(hostname !== undefined && { hostname }) },
      () => {
        server.off("error", reject);
        resolve({ port: (server.address() as AddressInfo).port, close: () => closeServer(server) });
      },
    );
    server.once("error", reject);
  });

const closeServer = (server: ServerType): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    // Idle keep-alive connections of scrapers would keep the process running.
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
