import { Hono } from "hono";
import type { Metrics } from "../metrics.ts";

/** `GET /metrics` in Prometheus's text format. */
export function metricsRoutes({ registry }: Metrics): Hono {
  const routes = new Hono();
  routes.get("/metrics", async (c) =>
    c.body(await registry.metrics(), 200, { "content-type": registry.contentType }),
  );
  return routes;
}
