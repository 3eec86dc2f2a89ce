import { Hono } from "hono";
import type { Config } from "../config.ts";
import type { FaultState } from "../faults.ts";

/**
 * `GET /version`: the version and the pod that respond. Closes the connection, because a Service selects a pod per
 * connection: the client's next request may reach another pod.
 */
export function versionRoutes({ version, pod }: Config, faults: FaultState): Hono {
  const routes = new Hono();
  routes.get(
    "/version",
    async (c, next) => {
      await next();
      c.header("connection", "close");
    },
    faults.middleware,
    (c) => c.json({ version, pod }),
  );
  return routes;
}
