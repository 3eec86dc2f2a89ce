import { Hono } from "hono";
import type { FaultState } from "../faults.ts";

/**
 * `GET /health`: alive, also while draining, or the kubelet would kill what is about to end well.
 * `GET /ready`: whether new requests are welcome.
 */
export function healthRoutes(draining: () => boolean, faults: FaultState): Hono {
  const routes = new Hono();
  routes.get("/health", (c) => c.json({ status: "healthy" }));
  routes.get("/ready", (c) => {
    if (draining()) return c.json({ status: "draining" }, 503);
    if (faults.current.notReady) return c.json({ status: "not ready", reason: "fault" }, 503);
    return c.json({ status: "ready" });
  });
  return routes;
}
