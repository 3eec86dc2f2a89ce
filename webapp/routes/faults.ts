import { Hono } from "hono";
import type { Logger } from "pino";
import { faultsSchema, noFaults } from "../config.ts";
import type { FaultState } from "../faults.ts";
import { problem } from "../problem.ts";

/** `/faults`: GET returns the active faults, PUT replaces them, DELETE clears them. */
export function faultRoutes(faults: FaultState, log: Logger): Hono {
  const routes = new Hono();
  routes.get("/faults", (c) => c.json(faults.current));
  routes.put("/faults", async (c) => {
    // CSRF protection: a page of another origin can't send this type without a CORS preflight, which the app refuses.
    if (c.req.header("content-type")?.split(";")[0] !== "application/json")
      return problem(c, 415, "the content type must be application/json");
    const body: unknown = await c.req.json().catch(() => undefined);
    const { success, data, error } = faultsSchema.safeParse(body);
    if (!success)
      return problem(c, 400, error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; "));
    faults.set(data);
    log.warn({ faults: data }, "faults set");
    return c.json(data);
  });
  routes.delete("/faults", (c) => {
    faults.set(noFaults);
    log.warn("faults cleared");
    return c.json(noFaults);
  });
  return routes;
}
