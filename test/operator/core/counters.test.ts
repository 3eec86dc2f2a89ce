import { describe, expect, test } from "@jest/globals";
import { PodCounters, wantedMetrics } from "../../../operator/core/counters.ts";
import { analysisOf } from "../../../operator/core/defaults.ts";
import { metricOf, parseSample } from "../../../operator/runtime/exposition.ts";
import { spec } from "./objects.ts";

function read(text: string, analysis: object = {}) {
  const settings = analysisOf(spec({ strategy: { type: "Canary" }, analysis }));
  if (settings === undefined) throw new Error("the spec has an analysis");
  const wanted = wantedMetrics(settings);
  const lines = text.trim().split("\n");
  const counters = new PodCounters(settings);
  for (const line of lines) {
    const sample = parseSample(line);
    if (sample !== undefined && wanted.has(sample.name)) counters.add(sample);
  }
  return counters.reading(new Set(lines.flatMap((line) => metricOf(line) ?? [])));
}

const counted = (requests: number, failed: number, tellsRoutes = true) => ({
  counters: { requests, failed, tellsRoutes },
});

describe("requests", () => {
  test("all series count, except those of probes and scrapes; 5xx are failures, 4xx are not", () => {
    const text = `
# TYPE http_requests_total counter
http_requests_total{route="/",code="200",version="1"} 90
http_requests_total{route="/",code="404",version="1"} 6
http_requests_total{route="/",code="503",version="1"} 3
http_requests_total{route="none",code="500",version="1"} 1
http_requests_total{route="/health",code="200",version="1"} 500
http_requests_total{route="/ready",code="503",version="1"} 70
http_requests_total{route="/metrics",code="200",version="1"} 80`;
    expect(read(text)).toEqual(counted(100, 4));
  });

  test("the paths of probes and counters are no routes of users, / is", () => {
    const { counters } =
      analysisOf(
        spec({
          strategy: { type: "Canary" },
          probes: { liveness: { path: "/" }, readiness: { path: "/healthz?full=1" }, startup: {} },
          analysis: { endpoint: { path: "/internal/metrics" } },
        }),
      ) ?? {};
    const values = ["/health", "/ready", "/metrics", "/healthz", "/internal/metrics"];
    expect(counters?.ignore).toEqual([{ label: "route", values }]);
  });

  test("without labels of routes, the reading says so", () => {
    expect(read('http_requests_total{code="200"} 10\nhttp_requests_total{code="500"} 1')).toEqual(
      counted(11, 1, false),
    );
  });

  test("other names: gRPC counters", () => {
    const endpoint = {
      requests: "grpc_server_handled_total",
      codeLabel: "grpc_code",
      errorCodes: "Internal|Unavailable|Data.oss",
      ignore: [{ label: "grpc_service", values: ["grpc.health.v1.Health"] }],
    };
    const text = `
grpc_server_handled_total{grpc_service="shop",grpc_code="OK"} 10
grpc_server_handled_total{grpc_service="shop",grpc_code="NotFound"} 2
grpc_server_handled_total{grpc_service="shop",grpc_code="Internal"} 1
grpc_server_handled_total{grpc_service="shop",grpc_code="DataLoss"} 1
grpc_server_handled_total{grpc_service="shop",grpc_code="InternalX"} 1
grpc_server_handled_total{grpc_service="grpc.health.v1.Health",grpc_code="Internal"} 9`;
    expect(read(text, { endpoint })).toEqual(counted(15, 2));
  });

  test("values with fractions: whole requests", () => {
    expect(
      read('http_requests_total{route="/",code="200"} 1.4\nhttp_requests_total{route="/",code="500"} 1.4'),
    ).toEqual(counted(3, 1));
  });

  test("a metric that is declared and has no series: no request came yet", () => {
    expect(read("# TYPE http_requests_total counter")).toEqual(counted(0, 0, false));
  });

  test.each([
    [
      "the metric is missing",
      "up 1\nbuild_info 1",
      "metric http_requests_total is missing; there are up, build_info",
    ],
    [
      "there are many others",
      Array.from({ length: 9 }, (_, i) => `m${i} 1`).join("\n"),
      "metric http_requests_total is missing; there are m0, m1, m2, m3, m4 and others",
    ],
    ["there is nothing", "", "metric http_requests_total is missing; there are none"],
    [
      "the label is missing",
      'http_requests_total{status="200",method="GET"} 1',
      "metric http_requests_total has no label code; its labels are status, method",
    ],
    [
      "a value is NaN",
      'http_requests_total{code="200"} NaN',
      "metric http_requests_total has a value that is no count",
    ],
    [
      "a value is negative",
      'http_requests_total{code="200"} -1',
      "metric http_requests_total has a value that is no count",
    ],
    [
      "a value is larger than any count",
      'http_requests_total{code="200"} 1e13',
      "metric http_requests_total has a value that is no count",
    ],
    [
      "a value is infinite",
      'http_requests_total{code="200"} +Inf',
      "metric http_requests_total has a value that is no count",
    ],
  ])("%s: the reading says what was looked for and what is there", (_, text, problem) => {
    expect(read(text)).toEqual({ problem });
  });
});

describe("durations", () => {
  const latency = { latency: { aboveMilliseconds: 300, max: "1%" } };
  const requests = 'http_requests_total{route="/",code="200"} 10\n';
  const bucket = (le: string, value: number, route = "/"): string =>
    `http_request_duration_seconds_bucket{route="${route}",code="200",le="${le}"} ${value}\n`;

  test("the finite bounds from the limit on, summed over the series that count", () => {
    const text = `${requests}${bucket("0.1", 5)}${bucket("0.3", 6)}${bucket("1.0", 9)}${bucket("+Inf", 10)}${bucket("1", 3, "/b")}${bucket("+Inf", 4, "/b")}${bucket("+Inf", 99, "/health")}`;
    expect(read(text, latency)).toMatchObject({
      counters: { durations: { total: 14, atMost: { 0.3: 6, 1: 12 } } },
    });
  });

  test.each([
    [
      "no bound is high enough",
      `${bucket("0.1", 5)}${bucket("0.25", 9)}${bucket("+Inf", 10)}`,
      "metric http_request_duration_seconds_bucket has no bound from 0.3 s on; the largest is 0.25 s",
    ],
    [
      "the infinite bound is missing",
      bucket("0.5", 9),
      "metric http_request_duration_seconds_bucket has no bound +Inf",
    ],
    [
      "there are too many bounds",
      `${Array.from({ length: 101 }, (_, i) => bucket(String(i + 1), i)).join("")}${bucket("+Inf", 101)}`,
      "metric http_request_duration_seconds_bucket has more than 100 bounds",
    ],
    [
      "only the infinite bound exists",
      bucket("+Inf", 10),
      "metric http_request_duration_seconds_bucket has no bound from 0.3 s on; the largest is none",
    ],
    [
      "there is no histogram",
      "",
      "metric http_request_duration_seconds_bucket is missing; there are http_requests_total",
    ],
  ])("%s: the reading says so", (_, text, problem) => {
    expect(read(requests + text, latency)).toEqual({ problem });
  });

  test("the histogram alone has labels of routes: the reading tells them apart", () => {
    const text = `http_requests_total{code="200"} 10\n${bucket("0.5", 9)}${bucket("+Inf", 10)}`;
    expect(read(text, latency)).toMatchObject({
      counters: { tellsRoutes: false, durations: { tellsRoutes: true } },
    });
  });

  test("a histogram that is declared and has no series counts nothing", () => {
    expect(read(`${requests}# TYPE http_request_duration_seconds histogram`, latency)).toMatchObject({
      counters: { durations: { total: 0, atMost: {} } },
    });
  });
});
