import { Hono } from "hono";
import type { Config } from "../config.ts";
import type { FaultState } from "../faults.ts";

/**
 * `GET /version`: which version answers, on which pod. Closes its connection, because a Service chooses a pod
 * per connection: whoever asks again may reach another one.
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
