import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { FaultState } from "./faults.ts";
import { createLogger } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { problem } from "./problem.ts";
import { faultRoutes } from "./routes/faults.ts";
import { healthRoutes } from "./routes/health.ts";
import { helloRoutes } from "./routes/hello.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { versionRoutes } from "./routes/version.ts";

/** What the app needs from its process. main.ts passes the real implementation. */
export interface ProcessHooks {
  readonly log: Logger;
  /** True from SIGTERM on. */
  readonly isDraining: () => boolean;
  readonly crash: () => void;
  readonly random: () => number;
}

/** Maximum size of a request body, in bytes. */
const BODY_LIMIT = 1024;

/** Creates the app. It does not listen. */
export function createApp(config: Config, overrides: Partial<ProcessHooks> = {}): Hono {
  const hooks: ProcessHooks = {
    log: createLogger(config.logLevel),
    isDraining: () => false,
    crash: () => undefined,
    random: Math.random,
    ...overrides,
  };
  const metrics = createMetrics(config.version);
  const faults = new FaultState(hooks);
  faults.set(config.faults);

  const app = new Hono();
  app.use(metrics.middleware);
  app.use(async (c, next) => {
    await next();
    c.header("x-app-version", config.version);
    c.header("x-app-pod", config.pod);
    c.header("cache-control", "no-store");
    // While draining, clients close their connections and reconnect to another pod before this one stops.
    if (hooks.isDraining()) c.header("connection", "close");
  });
  // No HSTS header: a proxy in front of the app terminates TLS and decides about HSTS.
  app.use(
    secureHeaders({ strictTransportSecurity: false, xFrameOptions: "DENY", referrerPolicy: "no-referrer" }),
  );
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header("allow", methods.join(", "));
        return problem(c, 405, `use ${methods.join(" or ")}`);
      },
    }),
  );
  app.use(
    bodyLimit({
      maxSize: BODY_LIMIT,
      onError: (c) => problem(c, 413, `the request body is larger than ${BODY_LIMIT} bytes`),
    }),
  );

  app.route("/", helloRoutes(config, faults));
  app.route("/", versionRoutes(config, faults));
  app.route("/", healthRoutes(hooks.isDraining, faults));
  app.route("/", metricsRoutes(metrics));
  if (config.faultsOverHttp) app.route("/", faultRoutes(faults, hooks.log));

  app.notFound((c) => problem(c, 404, "not found"));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return problem(c, error.status, error.message);
    hooks.log.error({ err: error, path: c.req.path }, "request failed");
    return problem(c, 500, "internal server error");
  });
  return app;
}
