import { Hono } from "hono";
import { accepts } from "hono/accepts";
import type { Config } from "../config.ts";
import type { FaultState } from "../faults.ts";
import { renderPage } from "../page/page.ts";

/** `GET /`: the page if the client prefers HTML, otherwise the greeting as JSON. */
export function helloRoutes(config: Config, faults: FaultState): Hono {
  const page = renderPage(config);
  const greeting = { message: "Hello from SRE Demo App!", version: config.version };
  const json = "application/json";
  const routes = new Hono();
  routes.get(
    "/",
    async (c, next) => {
      c.header("vary", "accept");
      const type = accepts(c, { header: "Accept", supports: [json, "text/html"], default: json });
      if (type === json) return next();
      // Faults don't affect the page, because the page displays them.
      c.header("content-security-policy", page.contentSecurityPolicy);
      return c.html(page.html);
    },
    faults.middleware,
    (c) => c.json(greeting),
  );
  return routes;
}
