import { afterEach, describe, expect, jest, test } from "@jest/globals";
import * as fc from "fast-check";
import type { Hono } from "hono";
import { appWith } from "../support/webapp.ts";

const put = (app: Hono, faults: unknown, type = "application/json") =>
  app.request("/faults", { method: "PUT", headers: { "content-type": type }, body: JSON.stringify(faults) });

afterEach(() => {
  jest.useRealTimers();
});

describe("faults by environment", () => {
  test("an error rate: that share of / and /version responds with 500", async () => {
    const drawn = [0.1, 0.3, 0.24, 0.25];
    const app = appWith({ FAULT_ERROR_RATE: "0.25" }, { random: () => drawn.shift() ?? 1 });
    const statuses = [];
    for (const path of ["/", "/version", "/", "/version"]) statuses.push((await app.request(path)).status);
    expect(statuses).toStrictEqual([500, 200, 500, 200]);
  });

  test("an error rate of 1: health, readiness, metrics and the page still respond with 200", async () => {
    const app = appWith({ FAULT_ERROR_RATE: "1" });
    expect((await app.request("/")).status).toBe(500);
    for (const path of ["/health", "/ready", "/metrics"]) expect((await app.request(path)).status).toBe(200);
    expect((await app.request("/", { headers: { accept: "text/html" } })).status).toBe(200);
  });

  test("a latency: delays a response", async () => {
    const startedAt = performance.now();
    await appWith({ FAULT_LATENCY_MS: "60" }).request("/");
    // Timers may fire up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59);
  });

  test("not ready: /ready responds with 503, /health with 200", async () => {
    const app = appWith({ FAULT_NOT_READY: "true" });
    expect((await app.request("/ready")).status).toBe(503);
    expect((await app.request("/health")).status).toBe(200);
  });

  test("a crash after 12 s: happens then, not before", () => {
    jest.useFakeTimers();
    const crash = jest.fn();
    appWith({ FAULT_CRASH_AFTER_SECONDS: "12" }, { crash });
    jest.advanceTimersByTime(11_999);
    expect(crash).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(crash).toHaveBeenCalledTimes(1);
  });
});

describe("faults over HTTP", () => {
  test("not enabled: /faults responds with 404", async () => {
    for (const method of ["GET", "PUT", "DELETE"])
      expect((await appWith().request("/faults", { method })).status).toBe(404);
  });

  const enabled = () => appWith({ FAULTS_OVER_HTTP: "true" });

  test("enabled: PUT sets faults, GET returns them, DELETE clears them", async () => {
    const app = enabled();
    const expected = { errorRate: 1, latencyMs: 0, notReady: true, crashAfterSeconds: 0 };
    expect(await (await put(app, { errorRate: 1, notReady: true })).json()).toStrictEqual(expected);
    expect(await (await app.request("/faults")).json()).toStrictEqual(expected);
    expect((await app.request("/")).status).toBe(500);
    expect((await app.request("/ready")).status).toBe(503);
    await app.request("/faults", { method: "DELETE" });
    expect((await app.request("/")).status).toBe(200);
    expect((await app.request("/ready")).status).toBe(200);
  });

  test("faults are cleared while a crash is pending: no crash", async () => {
    jest.useFakeTimers();
    const crash = jest.fn();
    const app = appWith({ FAULTS_OVER_HTTP: "true" }, { crash });
    await put(app, { crashAfterSeconds: 5 });
    await app.request("/faults", { method: "DELETE" });
    jest.advanceTimersByTime(60_000);
    expect(crash).not.toHaveBeenCalled();
  });

  test.each([
    [{ errorRate: 1.5 }, "errorRate"],
    [{ errorRate: "1" }, "errorRate"],
    [{ latencyMs: 30_001 }, "latencyMs"],
    [{ latencyMs: 0.5 }, "latencyMs"],
    [{ crashAfterSeconds: -1 }, "crashAfterSeconds"],
    [{ explode: true }, "explode"],
    [[], "expected object"],
  ])("PUT of %j: 400 with the reason", async (faults, named) => {
    const response = await put(enabled(), faults);
    expect(response.status).toBe(400);
    expect(await response.json()).toStrictEqual({ error: expect.stringContaining(named) });
  });

  test("a content type that another origin may send, or a body that is not JSON: refused", async () => {
    expect((await put(enabled(), {}, "text/plain")).status).toBe(415);
    const headers = { "content-type": "application/json" };
    expect((await enabled().request("/faults", { method: "PUT", headers, body: "{" })).status).toBe(400);
  });

  test("random faults: either within bounds or refused", async () => {
    const app = enabled();
    const any = fc.record({ errorRate: fc.double(), latencyMs: fc.double() }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(any, async (faults) => {
        const { status } = await put(app, faults);
        const active = (await (await app.request("/faults")).json()) as {
          errorRate: number;
          latencyMs: number;
        };
        expect([200, 400]).toContain(status);
        expect(active.errorRate >= 0 && active.errorRate <= 1).toBe(true);
        expect(active.latencyMs >= 0 && active.latencyMs <= 30_000).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
