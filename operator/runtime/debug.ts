import { Session } from "node:inspector/promises";
import { Readable } from "node:stream";
import { getHeapSnapshot } from "node:v8";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { type Clock, sleep } from "./clock.ts";
import { type LogLevel, type Logger, logLevels } from "./log.ts";

export interface DebugOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** The memory that the process may still use: `process.availableMemory`, which knows the container's limit. */
  readonly availableBytes: () => number;
}

const methods: ReadonlySet<string> = new Set(["GET", "PUT"]);
const localHosts: ReadonlySet<string> = new Set(["localhost", "127.0.0.1"]);
/** What browsers send for a request that the user typed, or that a page of this server made. */
const trustedSites: ReadonlySet<string> = new Set(["none", "same-origin"]);
const maxSeconds = 60;
/** No log level is longer. */
const maxBodyBytes = 64;
/** Memory that a snapshot takes, in multiples of the used heap: measured 5.7 to 6.1. Node's manual says 2. */
const snapshotFactor = 7;

/**
 * The reason to refuse a request, if any. The port listens only locally, but the browser of a person with a port-forward
 * reaches it: a foreign page must not, neither under a name that resolves to 127.0.0.1 nor by embedding a URL. A HEAD
 * would do the work of a GET without reading the result.
 */
const refusalOf = ({ req }: Context): { readonly text: string; readonly status: 403 | 405 } | undefined => {
  if (!methods.has(req.method)) return { text: "only GET and PUT are allowed", status: 405 };
  const host = req.header("host")?.replace(/:\d+$/, "") ?? "";
  if (!localHosts.has(host)) return { text: "the host must be localhost or 127.0.0.1", status: 403 };
  if (!trustedSites.has(req.header("sec-fetch-site") ?? "none"))
    return { text: "requests of other web sites are refused", status: 403 };
  return undefined;
};

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** The reason to refuse a heap snapshot, if any: the kernel would end the process, and what it should show is lost. */
const memoryReason = (availableBytes: number): string | undefined => {
  const neededBytes = process.memoryUsage().heapUsed * snapshotFactor;
  if (availableBytes >= neededBytes) return undefined;
  const sizes = `about ${mebibytes(neededBytes)}, and ${mebibytes(availableBytes)} are free`;
  return `a heap snapshot needs ${sizes}: raise the memory limit, or add ?force to risk the end of the process`;
};

/** Profiles the CPU of this process until the time is over or the signal is aborted. */
const profileCpu = async (clock: Clock, durationMs: number, signal: AbortSignal) => {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await sleep(clock, durationMs, signal);
    const { profile } = await session.post("Profiler.stop");
    return profile;
  } finally {
    session.disconnect();
  }
};

const isLogLevel = (text: string): text is LogLevel => logLevels.some((level) => level === text);

/**
 * Creates an app that shows the inside of this process: /debug/heap, /debug/profile and /debug/log-level. Does not listen.
 * There is no authentication, and a heap snapshot contains the service account's token: listen on 127.0.0.1 only.
 */
export const createDebugApp = ({ log, clock, availableBytes }: DebugOptions): Hono => {
  const app = new Hono();
  let isBusy = false;
  app.use(async (context, next) => {
    const refusal = refusalOf(context);
    return refusal === undefined ? next() : context.text(`${refusal.text}\n`, refusal.status);
  });
  app.on("GET", ["/debug/heap", "/debug/profile"], (context, next) =>
    isBusy
      ? context.text("a heap snapshot or a profile is in progress: try again when it has ended\n", 409)
      : next(),
  );
  app.get("/debug/heap", (context) => {
    const reason = memoryReason(availableBytes());
    if (reason !== undefined && context.req.query("force") === undefined)
      return context.text(`${reason}\n`, 503);
    log.warn("taking a heap snapshot: the process stands still meanwhile");
    const snapshot = getHeapSnapshot();
    isBusy = true;
    snapshot.once("close", () => {
      isBusy = false;
    });
    return context.body(Readable.toWeb(snapshot) as ReadableStream, 200, {
      "content-type": "application/json",
    });
  });
  app.get("/debug/profile", async (context) => {
    const seconds = Number(context.req.query("seconds") ?? 30);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > maxSeconds)
      return context.text(`seconds must be a whole number from 1 to ${maxSeconds}\n`, 400);
    isBusy = true;
    try {
      log.warn({ seconds }, "taking a CPU profile");
      return context.json(await profileCpu(clock, seconds * 1000, context.req.raw.signal));
    } finally {
      isBusy = false;
    }
  });
  app.get("/debug/log-level", (context) => context.text(`${log.level}\n`));
  app.put("/debug/log-level", bodyLimit({ maxSize: maxBodyBytes }), async (context) => {
    const level = (await context.req.text()).trim();
    if (!isLogLevel(level))
      return context.text(`the log level must be one of ${logLevels.join(", ")}\n`, 400);
    log.warn({ from: log.level, to: level }, "the log level changes");
    log.level = level;
    return context.text(`${level}\n`);
  });
  return app;
};
