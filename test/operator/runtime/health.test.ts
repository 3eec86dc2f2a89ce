import { afterEach, expect, test } from "@jest/globals";
import { type Checks, createHealthApp } from "../../../operator/runtime/health.ts";
import { type Listener, listen } from "../../../operator/runtime/httpserver.ts";
import { collectProcessMetrics, createMetrics } from "../../../operator/runtime/metrics.ts";

const metrics = createMetrics();
let server: Listener | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const ask = async (path: string, live: Checks, ready: Checks = {}) => {
  const response = await createHealthApp({ live, ready, metrics }).request(path);
  return { status: response.status, text: await response.text() };
};

test('all checks pass: 200 with only "ok"', async () => {
  expect(await ask("/livez", { watch: () => undefined })).toEqual({ status: 200, text: "ok\n" });
});

test("one check fails: 503 with its reason", async () => {
  const checks = { watch: () => "no activity for 400 s", other: () => undefined };
  expect(await ask("/livez", checks)).toEqual({
    status: 503,
    text: "[-] watch: no activity for 400 s\nnot ok\n",
  });
});

test("verbose: lists every check", async () => {
  const ready = { cache: () => "not synced", running: () => undefined };
  expect(await ask("/readyz?verbose", {}, ready)).toEqual({
    status: 503,
    text: "[-] cache: not synced\n[+] running ok\nnot ok\n",
  });
});

test("over HTTP: serves metrics of requests and of the process; a port in use is an error", async () => {
  collectProcessMetrics(metrics);
  const request = { method: "GET", host: "10.0.0.1:6443", resource: "pods", durationMs: 12 };
  metrics.countRequest({ ...request, status: 200 });
  metrics.countRequest({ ...request, status: 0 });
  const app = createHealthApp({ live: {}, ready: {}, metrics });
  server = await listen(app, 0, { hostname: "127.0.0.1" });
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  const text = await response.text();
  expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
  const labels = 'method="GET",host="10.0.0.1:6443"';
  expect(text).toContain(`rest_client_requests_total{code="200",${labels},resource="pods"} 1`);
  expect(text).toContain(`rest_client_requests_total{code="<error>",${labels},resource="pods"} 1`);
  expect(text).toContain('rest_client_request_duration_seconds_count{verb="GET",host="10.0.0.1:6443"} 2');
  expect(text).toContain("process_resident_memory_bytes");
  await expect(listen(app, server.port, { hostname: "127.0.0.1" })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});
