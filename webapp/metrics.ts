import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import prometheus from "prom-client";

/** Counts and times what an app answers, in a registry of its own. */
export interface Metrics {
  readonly middleware: MiddlewareHandler;
  readonly registry: prometheus.Registry;
}

/** Bounds in seconds, close together where a healthy answer lies. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of one app; `version` becomes a label, so that two versions behind one Service can be compared. */
export function createMetrics(version: string): Metrics {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  const requests = new prometheus.Counter({
    name: "http_requests_total",
    help: "Answered requests",
    labelNames: ["route", "code", "version"],
    registers: [registry],
  });
  const latency = new prometheus.Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the request's headers to the answer",
    labelNames: ["route", "code", "version"],
    buckets: LATENCY_BUCKETS,
    registers: [registry],
  });

  const middleware: MiddlewareHandler = async (c, next) => {
    const startedAt = performance.now();
    await next();
    // The route's pattern, never the path: a stranger must not be able to create series.
    const pattern = routePath(c, -1);
    const labels = {
      route: pattern === "*" || pattern === "/*" ? "none" : pattern,
      code: c.res.status,
      version,
    };
    requests.inc(labels);
    latency.observe(labels, (performance.now() - startedAt) / 1000);
  };
  return { middleware, registry };
}
