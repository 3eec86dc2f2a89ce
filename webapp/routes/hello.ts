import { Hono } from "hono";
import { accepts } from "hono/accepts";
import type { Config } from "../config.ts";
import type { FaultState } from "../faults.ts";
import { renderPage } from "../page/page.ts";

/** `GET /`: the greeting as JSON; the page to whoever prefers HTML. */
export function helloRoutes(config: Config, faults: FaultState): Hono {
  const page = renderPage(config);
  const greeting = { message: "Hello from SRE Demo App!", version: config.version };
  const json = "application/json";
  const routes = new Hono();
  routes.get(
    "/",
    async (c, next) => {
      c.header("vary", "accept");
      const wanted = accepts(c, { header: "Accept", supports: [json, "text/html"], default: json });
      if (wanted === json) return next();
      // The faults spare the page: it is what shows them.
      c.header("content-security-policy", page.contentSecurityPolicy);
      return c.html(page.html);
    },
    faults.middleware,
    (c) => c.json(greeting),
  );
  return routes;
}
