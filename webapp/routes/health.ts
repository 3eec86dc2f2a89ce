import { Hono } from "hono";
import type { FaultState } from "../faults.ts";

/**
 * `GET /health`: 200 also while draining, or the liveness probe could kill the container too early.
 * `GET /ready`: 200 if the app accepts new requests, otherwise 503.
 */
export function healthRoutes(isDraining: () => boolean, faults: FaultState): Hono {
  const routes = new Hono();
  routes.get("/health", (c) => c.json({ status: "healthy" }));
  routes.get("/ready", (c) => {
    if (isDraining()) return c.json({ status: "draining" }, 503);
    if (faults.current.notReady) return c.json({ status: "not ready", reason: "fault" }, 503);
    return c.json({ status: "ready" });
  });
  return routes;
}
