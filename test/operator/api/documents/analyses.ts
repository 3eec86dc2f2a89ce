import { accepted, asList, refused, unknown, type Row } from "./row.ts";

const strategy = { type: "Canary" };
const judged = (analysis: unknown, more: object = {}) => ({ strategy, analysis, ...more });
const errors = (fields: unknown) => judged({ errors: fields });
const latency = (fields: unknown) => judged({ latency: fields });
const endpoint = (fields: unknown, more: object = {}) => judged({ endpoint: fields }, more);
const notShare = "must be a share above 0% and at most 100%, with the percent sign";
const notRatio = "must be a ratio of at least 1";
const noEffect = "spec.analysis: analysis has no effect on rolling updates";
const unknownPort = "spec.analysis.endpoint.port: analysis.endpoint.port must be http or a name in pod.ports";
const ports = { pod: { ports: [{ name: "admin", containerPort: 9090 }] } };

export const analyses: readonly Row[] = [
  accepted("an analysis with its defaults", judged({})),
  accepted("an analysis of a blue-green rollout", { strategy: { type: "BlueGreen" }, analysis: {} }),
  accepted(
    "an analysis with every field",
    judged(
      {
        errors: { max: "0.5%", maxRatioToStable: "1.5" },
        latency: { aboveMilliseconds: 300, max: "100%", maxRatioToStable: 1 },
        endpoint: {
          port: "admin",
          path: "/internal/metrics",
          requests: "grpc_server_handled_total",
          codeLabel: "grpc_code",
          errorCodes: "Internal|Unavailable|5..",
          duration: "grpc:seconds",
          ignore: [{ label: "grpc_service", values: ["grpc.health.v1.Health"] }],
        },
        undecidedSeconds: 60,
      },
      ports,
    ),
  ),
  accepted("an analysis that ignores nothing", endpoint({ ignore: [] })),
  accepted("a canary with a step of analysis", {
    strategy: { ...strategy, canary: { steps: [{ setWeight: 10 }, { analysis: {} }] } },
    analysis: {},
  }),
  refused(
    "a step of analysis without spec.analysis",
    {
      strategy: { ...strategy, canary: { steps: [{ setWeight: 10 }, { analysis: {} }] } },
    },
    "spec.analysis: a step with analysis needs spec.analysis",
  ),
  refused("an analysis of a rolling update", { analysis: {} }, noEffect),
  refused(
    "an analysis of a named rolling update",
    { strategy: { type: "RollingUpdate" }, analysis: {} },
    noEffect,
  ),
  ...["0%", "0.0%", "101%", "100.5%", "-1%", "1", "1 %", "%"].map((max) =>
    refused(`a share of ${max}`, errors({ max }), `spec.analysis.errors.max: ${notShare}`),
  ),
  refused("a share as a number", errors({ max: 1 }), `spec.analysis.errors.max: ${notShare}`),
  ...[0, -1, 1001].map((maxRatioToStable) =>
    refused(
      `a ratio of ${maxRatioToStable}`,
      latency({ aboveMilliseconds: 1, maxRatioToStable }),
      `spec.analysis.latency.maxRatioToStable: ${notRatio}`,
    ),
  ),
  refused(
    "a ratio of 0.9",
    errors({ maxRatioToStable: "0.9" }),
    `spec.analysis.errors.maxRatioToStable: ${notRatio}`,
  ),
  refused("errors without a limit", errors({}), "spec.analysis.errors: errors must have a limit"),
  refused(
    "latency without a limit",
    latency({ aboveMilliseconds: 1 }),
    "spec.analysis.latency: latency must have a limit",
  ),
  refused(
    "a latency of 0 ms",
    latency({ aboveMilliseconds: 0, max: "1%" }),
    "spec.analysis.latency.aboveMilliseconds: should be greater than or equal to 1",
  ),
  refused("a port that the pod does not have", endpoint({ port: "admin" }), unknownPort),
  refused("another port than the pod's", endpoint({ port: "metrics" }, ports), unknownPort),
  ...["metrics", "/metrics?all=1", "//user@host:80/x y", "/%2e"].map((path) =>
    refused(`the path ${path}`, endpoint({ path }), "spec.analysis.endpoint.path: path must start with /"),
  ),
  refused(
    "a counter with labels",
    endpoint({ requests: 'http_requests_total{code="200"}' }),
    "spec.analysis.endpoint.requests: requests must be the name of a metric",
  ),
  refused(
    "codes as a regular expression",
    endpoint({ errorCodes: "5.*" }),
    "spec.analysis.endpoint.errorCodes: errorCodes must be codes separated by '|'",
  ),
  refused(
    "ignored values without a value",
    endpoint({ ignore: [{ label: "route", values: [] }] }),
    "spec.analysis.endpoint.ignore[0].values: should have at least 1 items",
  ),
  refused(
    "11 ignored labels",
    endpoint({ ignore: asList(11, () => ({ label: "route", values: ["/x"] })) }),
    "spec.analysis.endpoint.ignore: must have at most 10 items",
  ),
  refused(
    "a wait of 59 s for evidence",
    judged({ undecidedSeconds: 59 }),
    "spec.analysis.undecidedSeconds: should be greater than or equal to 60",
  ),
  unknown("queries, which do not exist yet", judged({ queries: [] }), "spec.analysis.queries"),
];
