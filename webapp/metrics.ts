import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import prometheus from "prom-client";

/** Metrics of an app's responses, in a separate registry. */
export interface Metrics {
  readonly middleware: MiddlewareHandler;
  readonly registry: prometheus.Registry;
}

/** Histogram bounds in seconds, densest in the range of healthy responses. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Creates an app's metrics. `version` is a label, so that versions behind one Service can be compared. */
export function createMetrics(version: string): Metrics {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  const requests = new prometheus.Counter({
    name: "http_requests_total",
    help: "Requests by route, status code and version",
    labelNames: ["route", "code", "version"],
    registers: [registry],
  });
  const latency = new prometheus.Histogram({
    name: "http_request_duration_seconds",
    help: "Time from receiving the request headers to the response",
    labelNames: ["route", "code", "version"],
    buckets: LATENCY_BUCKETS,
    registers: [registry],
  });

  const middleware: MiddlewareHandler = async (c, next) => {
    const startedAt = performance.now();
    await next();
    // The label is the route's pattern, not the path: otherwise clients could create any number of series.
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
