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

/** What the app needs of the process that it runs in; main.ts gives the real thing. */
export interface Surroundings {
  readonly log: Logger;
  /** True from SIGTERM on. */
  readonly draining: () => boolean;
  readonly crash: () => void;
  readonly random: () => number;
}

/** No request has a reason to send more, in bytes. */
const BODY_LIMIT = 1024;

/** The whole app as a function from request to response; it never listens. */
export function createApp(config: Config, given: Partial<Surroundings> = {}): Hono {
  const around: Surroundings = {
    log: createLogger(config.logLevel),
    draining: () => false,
    crash: () => undefined,
    random: Math.random,
    ...given,
  };
  const metrics = createMetrics(config.version);
  const faults = new FaultState(around);
  faults.set(config.faults);

  const app = new Hono();
  app.use(metrics.middleware);
  app.use(async (c, next) => {
    await next();
    c.header("x-app-version", config.version);
    c.header("x-app-pod", config.pod);
    c.header("cache-control", "no-store");
    // Clients move to another pod before the last connections are closed under them.
    if (around.draining()) c.header("connection", "close");
  });
  // TLS ends in front of the app, and what ends it decides about HSTS.
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
  app.use(bodyLimit({ maxSize: BODY_LIMIT, onError: (c) => problem(c, 413, `at most ${BODY_LIMIT} bytes`) }));

  app.route("/", helloRoutes(config, faults));
  app.route("/", versionRoutes(config, faults));
  app.route("/", healthRoutes(around.draining, faults));
  app.route("/", metricsRoutes(metrics));
  if (config.faultsOverHttp) app.route("/", faultRoutes(faults, around.log));

  app.notFound((c) => problem(c, 404, "not found"));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return problem(c, error.status, error.message);
    around.log.error({ err: error, path: c.req.path }, "request failed");
    return problem(c, 500, "internal server error");
  });
  return app;
}
