import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Traffic } from "../../../tools/demo/traffic.ts";
import { until } from "../../../tools/cluster/command.ts";

/** Answers in turn as version 1, as version 2, and as an API server that cannot reach a pod. */
let server: Server;
let url: string;
let asked = 0;

beforeEach(async () => {
  asked = 0;
  server = createServer((_request, response) => {
    asked += 1;
    if (asked % 3 !== 0) return response.end(JSON.stringify({ version: `${asked % 3}`, pod: "a" }));
    response.statusCode = 503;
    return response.end("read tcp 10.244.0.1:39000->10.244.0.9:8080: read: connection reset by peer");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/version`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

test("requests are answered or fail: counts them by version, and names the pod that failed", async () => {
  const traffic = new Traffic(url);
  await until("six requests", 5000, () => Promise.resolve(traffic.sent >= 6 || undefined));
  await traffic.stop();
  expect(traffic.sent).toBe(asked);
  expect(traffic.answeredBy("1") + traffic.answeredBy("2") + traffic.failures.length).toBe(asked);
  expect(traffic.answeredBy("1")).toBeGreaterThanOrEqual(2);
  expect(traffic.failures[0]).toMatchObject({ ip: "10.244.0.9" });
  expect(traffic.failures[0]?.message).toMatch(/^503 read tcp/);
});

test("no server listens: counts the requests as failed, without a pod", async () => {
  server.close();
  const traffic = new Traffic(url);
  await until("a failure", 5000, () => Promise.resolve(traffic.failures.length > 0 || undefined));
  await traffic.stop();
  expect(traffic.failures[0]?.ip).toBe("");
});
