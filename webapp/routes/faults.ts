import { Hono } from "hono";
import type { Logger } from "pino";
import { faultsSchema, noFaults } from "../config.ts";
import type { FaultState } from "../faults.ts";
import { problem } from "../problem.ts";

/** `/faults`: GET shows the faults in force, PUT replaces them, DELETE ends them. */
export function faultRoutes(faults: FaultState, log: Logger): Hono {
  const routes = new Hono();
  routes.get("/faults", (c) => c.json(faults.current));
  routes.put("/faults", async (c) => {
    // A page of another origin can't send this type without asking first, and it is never allowed to.
    if (c.req.header("content-type")?.split(";")[0] !== "application/json")
      return problem(c, 415, "send application/json");
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
    log.warn("faults ended");
    return c.json(noFaults);
  });
  return routes;
}
