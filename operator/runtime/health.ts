import type { ServerResponse } from "node:http";
import { Hono } from "hono";
import { type Clock, realClock } from "./clock.ts";
import { FairLimit } from "./fairlimit.ts";
import type { Metrics } from "./metrics.ts";
import type { Authorize, Verdict } from "./tokenauth.ts";

/** Returns the reason why a check fails, or undefined if the check passes. */
export type Check = () => string | undefined;
export type Checks = Readonly<Record<string, Check>>;

export interface HealthOptions {
  /** Checks that fail if a restart would help. Any response shows that the event loop runs. */
  readonly live: Checks;
  /** Checks that fail while the process can't work. */
  readonly ready: Checks;
  readonly metrics: Metrics;
  /** Who may read the metrics; by default everyone who reaches the port. */
  readonly authorize?: Authorize | undefined;
  readonly clock?: Clock;
}

const refusals: Readonly<Record<Exclude<Verdict, 200>, string>> = {
  401: "a bearer token that the API server accepts is required",
  403: "the user of the token may not get the path /metrics",
  503: "the API server can't be asked who may read the metrics",
};

/** What @hono/node-server passes to the handlers; nothing in tests without a server. */
export interface Bindings {
  readonly outgoing?: ServerResponse;
}

/** Responses with metrics that are sent at a time. Each can have megabytes, which wait until its client reads them. */
const maxScrapes = 8;
/** How long the result of a scrape is reused, ms. A scrape takes CPU time for each app. */
const scrapeReuseMs = 1_000;

/** Scrapes at most once per second, however many ask. Encoded once, so that no response has a copy of its own. */
const createScraper = (metrics: Metrics, clock: Clock): (() => Promise<Uint8Array<ArrayBuffer>>) => {
  let last: { readonly atMs: number; readonly bytes: Promise<Uint8Array<ArrayBuffer>> } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs - last.atMs >= scrapeReuseMs)
      last = { atMs: nowMs, bytes: metrics.scrape().then((text) => Buffer.from(text)) };
    return last.bytes;
  };
};

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

/**
 * Creates an app with /livez, /readyz (both with `?verbose`, as on the API server) and /metrics. Does not listen.
 */
export const createHealthApp = ({ live, ready, metrics, authorize, clock = realClock }: HealthOptions) => {
  const app = new Hono<{ Bindings: Bindings }>();
  const scrape = createScraper(metrics, clock);
  const scrapes = new FairLimit<ServerResponse>(maxScrapes, (response) => response.destroy());
  app.use((context, next) =>
    /^(GET|HEAD)$/.test(context.req.method)
      ? next()
      : Promise.resolve(context.text("only GET and HEAD are allowed\n", 405)),
  );
  const endpoints = { "/livez": live, "/readyz": ready };
  for (const [path, checks] of Object.entries(endpoints)) {
    app.get(path, (context) => {
      const { text, status } = runChecks(checks, context.req.query("verbose") !== undefined);
      return context.text(text, status);
    });
  }
  app.get("/metrics", async (context) => {
    const { outgoing } = context.env;
    const address = outgoing?.socket?.remoteAddress ?? "";
    const verdict = (await authorize?.(context.req.header("authorization"), address)) ?? 200;
    if (verdict === 401) context.header("www-authenticate", "Bearer");
    if (verdict !== 200) return context.text(`${refusals[verdict]}\n`, verdict);
    if (outgoing !== undefined) {
      scrapes.add(outgoing, address);
      outgoing.once("close", () => scrapes.delete(outgoing));
    }
    return context.body(await scrape(), 200, { "content-type": metrics.registry.contentType });
  });
  return app;
};
