import { describe, expect, jest, test } from "@jest/globals";
import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { createLogger } from "../../webapp/log.ts";
import { appWith } from "../support/webapp.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

describe("GET /", () => {
  test.each([
    undefined,
    "*/*",
    "application/json",
    "text/plain",
    "text/html;q=0.5, application/json",
    "nonsense",
  ])("Accept is %j: the response is exactly the greeting in JSON", async (accept) => {
    const response = await appWith().request("/", { headers: accept === undefined ? {} : { accept } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).toBe('{"message":"Hello from SRE Demo App!","version":"1.0.0"}');
  });

  test("APP_VERSION is set: the greeting has that version", async () => {
    const response = await appWith({ APP_VERSION: "2.0.0" }).request("/");
    expect(await response.text()).toBe('{"message":"Hello from SRE Demo App!","version":"2.0.0"}');
  });

  test("a browser asks: the response is the page, and caches vary by Accept", async () => {
    const response = await appWith({ APP_VERSION: "2.0.0" }).request("/", { headers: { accept: BROWSER } });
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("vary")).toBe("accept");
    const page = await response.text();
    expect(page).toContain("Hello from SRE Demo App!");
    expect(page).toContain("<strong>2.0.0</strong>");
    expect(page).not.toContain("<!-- ");
  });

  test("the page's Content-Security-Policy: allows only its own script and style, by hash", async () => {
    const response = await appWith().request("/", { headers: { accept: BROWSER } });
    const page = await response.text();
    const policy = response.headers.get("content-security-policy");
    const hashOf = (tag: string) => {
      const text = new RegExp(`<${tag}[^>]*>([^]*)</${tag}>`).exec(page)?.[1] ?? "";
      return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    };
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hashOf("script")};`);
    expect(policy).toContain(`style-src ${hashOf("style")};`);
    expect(policy).not.toContain("unsafe");
    expect(page).not.toMatch(/ (style|on\w+)="/);
  });

  test("the page's links: none leads to another host", async () => {
    const response = await appWith().request("/", { headers: { accept: BROWSER } });
    const links = [...(await response.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link);
    // Links are relative, so that the page also works below a path prefix, for example behind kubectl proxy.
    for (const link of links) expect(link).toMatch(/^(data:|[a-z])/);
    expect(links.filter((link) => link?.startsWith("http"))).toStrictEqual([]);
  });
});

describe("health, readiness and version", () => {
  test("GET /health: 200 with exactly this JSON", async () => {
    const response = await appWith().request("/health");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"status":"healthy"}');
  });

  test("the app is draining: healthy, not ready, and closes connections", async () => {
    const app = appWith({}, { isDraining: () => true });
    const ready = await app.request("/ready");
    expect([ready.status, await ready.text()]).toStrictEqual([503, '{"status":"draining"}']);
    const health = await app.request("/health");
    expect([health.status, health.headers.get("connection")]).toStrictEqual([200, "close"]);
  });

  test("the app is not draining: ready, and keeps connections", async () => {
    const response = await appWith().request("/ready");
    expect([response.status, await response.text()]).toStrictEqual([200, '{"status":"ready"}']);
    expect(response.headers.get("connection")).toBeNull();
  });

  test("GET /version: has version and pod, and closes the connection so that a Service can select another pod", async () => {
    const response = await appWith({ APP_VERSION: "1.2.3" }).request("/version");
    expect(await response.json()).toStrictEqual({ version: "1.2.3", pod: "pod-a" });
    expect(response.headers.get("connection")).toBe("close");
  });

  test("any response, also an error: has version and pod as headers and must not be cached", async () => {
    for (const path of ["/", "/health", "/nowhere"]) {
      const { headers } = await appWith().request(path);
      expect([headers.get("x-app-version"), headers.get("x-app-pod")]).toStrictEqual(["1.0.0", "pod-a"]);
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });
});

describe("errors", () => {
  test("an unknown path: 404 in JSON", async () => {
    const response = await appWith().request("/nowhere");
    expect([response.status, await response.text()]).toStrictEqual([404, '{"error":"not found"}']);
  });

  test.each(["/", "/health", "/ready", "/version", "/metrics"])(
    "a POST to %s: 405 with Allow",
    async (path) => {
      const response = await appWith().request(path, { method: "POST" });
      expect([response.status, response.headers.get("allow")]).toStrictEqual([405, "GET, HEAD"]);
      expect(await response.json()).toStrictEqual({ error: "use GET or HEAD" });
    },
  );

  test("a HEAD request: the response to GET without a body", async () => {
    const response = await appWith().request("/health", { method: "HEAD" });
    expect([response.status, await response.text()]).toStrictEqual([200, ""]);
  });

  test("a body over 1 KiB, with or without Content-Length: 413", async () => {
    const app = appWith({ FAULTS_OVER_HTTP: "true" });
    const headers = { "content-type": "application/json" };
    const whole = await app.request("/faults", { method: "PUT", headers, body: "x".repeat(1025) });
    expect(whole.status).toBe(413);
    const body = new Blob(["x".repeat(4096)]).stream();
    const init = { method: "PUT", headers, body, duplex: "half" } as RequestInit;
    expect((await app.request(new Request("http://localhost/faults", init))).status).toBe(413);
  });

  test("a handler throws: 500 without message and stack, which are logged", async () => {
    const log = createLogger("silent");
    const error = jest.spyOn(log, "error");
    const random = () => {
      throw new Error("the secret of the stack");
    };
    const response = await appWith({}, { log, random }).request("/");
    expect([response.status, await response.text()]).toStrictEqual([
      500,
      '{"error":"internal server error"}',
    ]);
    expect(error).toHaveBeenCalledTimes(1);
  });

  test("any unknown path and method: 404 in JSON", async () => {
    const app = appWith();
    await fc.assert(
      fc.asyncProperty(
        fc.webPath(),
        fc.constantFrom("GET", "PUT", "DELETE", "OPTIONS"),
        async (path, method) => {
          const response = await app.request(`/x${path}`, { method });
          expect(response.status).toBe(404);
          expect(await response.json()).toStrictEqual({ error: "not found" });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("GET /metrics", () => {
  const metricsAfter = async (...paths: string[]) => {
    const app = appWith({ APP_VERSION: "1.2.3" });
    for (const path of paths) await app.request(path);
    return (await app.request("/metrics")).text();
  };

  test("requests to known routes: counted by route, code and version", async () => {
    const text = await metricsAfter("/", "/", "/health");
    expect(text).toContain('http_requests_total{route="/",code="200",version="1.2.3"} 2');
    expect(text).toContain('http_requests_total{route="/health",code="200",version="1.2.3"} 1');
  });

  test("a request: its duration is in a histogram, beside the process metrics", async () => {
    const text = await metricsAfter("/");
    expect(text).toMatch(
      /http_request_duration_seconds_bucket\{le="0\.1",route="\/",code="200",version="1\.2\.3"\} 1/,
    );
    expect(text).toMatch(/^process_cpu_seconds_total /m);
  });

  test("requests to unknown paths: share one series", async () => {
    const text = await metricsAfter("/a", "/b", "/c?d", "/wp-admin.php");
    expect(text).toContain('http_requests_total{route="none",code="404",version="1.2.3"} 4');
  });
});
