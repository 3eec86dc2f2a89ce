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
  test("the error rate fails that share of the greetings and of /version", async () => {
    const drawn = [0.1, 0.3, 0.24, 0.25];
    const app = appWith({ FAULT_ERROR_RATE: "0.25" }, { random: () => drawn.shift() ?? 1 });
    const statuses = [];
    for (const path of ["/", "/version", "/", "/version"]) statuses.push((await app.request(path)).status);
    expect(statuses).toStrictEqual([500, 200, 500, 200]);
  });

  test("an error rate of 1 spares health, readiness, metrics and the page", async () => {
    const app = appWith({ FAULT_ERROR_RATE: "1" });
    expect((await app.request("/")).status).toBe(500);
    for (const path of ["/health", "/ready", "/metrics"]) expect((await app.request(path)).status).toBe(200);
    expect((await app.request("/", { headers: { accept: "text/html" } })).status).toBe(200);
  });

  test("latency is added to an answer", async () => {
    const startedAt = performance.now();
    await appWith({ FAULT_LATENCY_MS: "60" }).request("/");
    // Timers may fire up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59);
  });

  test("not ready is not ready, and stays alive", async () => {
    const app = appWith({ FAULT_NOT_READY: "true" });
    expect((await app.request("/ready")).status).toBe(503);
    expect((await app.request("/health")).status).toBe(200);
  });

  test("it crashes after the time given, not before", () => {
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
  test("don't exist unless enabled", async () => {
    for (const method of ["GET", "PUT", "DELETE"])
      expect((await appWith().request("/faults", { method })).status).toBe(404);
  });

  const enabled = () => appWith({ FAULTS_OVER_HTTP: "true" });

  test("are set, shown and ended", async () => {
    const app = enabled();
    const set = { errorRate: 1, latencyMs: 0, notReady: true, crashAfterSeconds: 0 };
    expect(await (await put(app, { errorRate: 1, notReady: true })).json()).toStrictEqual(set);
    expect(await (await app.request("/faults")).json()).toStrictEqual(set);
    expect((await app.request("/")).status).toBe(500);
    expect((await app.request("/ready")).status).toBe(503);
    await app.request("/faults", { method: "DELETE" });
    expect((await app.request("/")).status).toBe(200);
    expect((await app.request("/ready")).status).toBe(200);
  });

  test("a pending crash is called off by the next setting", async () => {
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
  ])("refuse %j and say why", async (faults, named) => {
    const response = await put(enabled(), faults);
    expect(response.status).toBe(400);
    expect(await response.json()).toStrictEqual({ error: expect.stringContaining(named) });
  });

  test("refuse what a page of another origin could send, and what is not JSON", async () => {
    expect((await put(enabled(), {}, "text/plain")).status).toBe(415);
    const headers = { "content-type": "application/json" };
    expect((await enabled().request("/faults", { method: "PUT", headers, body: "{" })).status).toBe(400);
  });

  test("whatever is sent is either in bounds or refused", async () => {
    const app = enabled();
    const any = fc.record({ errorRate: fc.double(), latencyMs: fc.double() }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(any, async (faults) => {
        const { status } = await put(app, faults);
        const now = (await (await app.request("/faults")).json()) as { errorRate: number; latencyMs: number };
        expect([200, 400]).toContain(status);
        expect(now.errorRate >= 0 && now.errorRate <= 1).toBe(true);
        expect(now.latencyMs >= 0 && now.latencyMs <= 30_000).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
