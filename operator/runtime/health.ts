import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { Hono } from "hono";
import type { Metrics } from "./metrics.ts";

/** Gives the reason why something is not well, or undefined if it is. */
export type Check = () => string | undefined;
export type Checks = Readonly<Record<string, Check>>;

export interface HealthOptions {
  /** Whether a restart would help: that this answers at all shows that the event loop turns. */
  readonly live: Checks;
  /** Whether the work can be done. */
  readonly ready: Checks;
  readonly metrics: Metrics;
}

const report = (checks: Checks, verbose: boolean) => {
  const results = Object.entries(checks).map(([name, check]) => ({ name, reason: check() }));
  const failed = results.filter(({ reason }) => reason !== undefined);
  const shown = verbose ? results : failed;
  const lines = shown.map(({ name, reason }) =>
    reason === undefined ? `[+] ${name} ok` : `[-] ${name}: ${reason}`,
  );
  const text = [...lines, failed.length === 0 ? "ok" : "not ok"].join("\n");
  return { text: `${text}\n`, status: failed.length === 0 ? 200 : 503 } as const;
};

/** /livez, /readyz (with `?verbose` as on the API server) and /metrics, as an app that does not listen. */
export const createHealthApp = ({ live, ready, metrics }: HealthOptions): Hono => {
  const app = new Hono();
  const endpoints = { "/livez": live, "/readyz": ready };
  for (const [path, checks] of Object.entries(endpoints)) {
    app.get(path, (context) => {
      const { text, status } = report(checks, context.req.query("verbose") !== undefined);
      return context.text(text, status);
    });
  }
  app.get("/metrics", async (context) =>
    context.body(await metrics.scrape(), 200, { "content-type": metrics.registry.contentType }),
  );
  return app;
};

/** A listening server; `port` is the one it got if 0 was asked for. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on the port of all addresses (or of `hostname`); rejects if it is taken. */
export const serveHealth = (app: Hono, port: number, hostname?: string): Promise<HealthServer> =>
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
    // A scraper's kept-alive connection must not hold up the end of the process.
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
