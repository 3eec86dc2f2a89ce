import * as z from "zod";
import { atomicList, int64, text } from "./fields.ts";
import { matches, withRules } from "./rule.ts";

/** A percentage such as `0.5%`. */
const share = withRules(z.union([int64, z.string().max(8)]), [
  {
    cel: "type(self) == string && self.matches('^(100([.]0+)?|[0-9]{1,2}([.][0-9]+)?)%$') && self.matches('[1-9]')",
    message: "must be a share above 0% and at most 100%, with the percent sign: such as 0.5%",
    holds: (value) =>
      typeof value === "string" &&
      /^(100([.]0+)?|[0-9]{1,2}([.][0-9]+)?)%$/.test(value) &&
      /[1-9]/.test(value),
  },
]).meta({ "x-kubernetes-int-or-string": true, maxLength: 8 });

/** A number of at least 1, such as 2 or `1.5`. */
const ratio = withRules(z.union([int64, z.string().max(8)]), [
  {
    cel: "type(self) == int ? self >= 1 && self <= 1000 : self.matches('^[1-9][0-9]{0,2}([.][0-9]+)?$')",
    message: "must be a ratio of at least 1 and below 1001, such as 2 or 1.5: raise it",
    holds: (value) =>
      typeof value === "number" ? value >= 1 && value <= 1000 : /^[1-9][0-9]{0,2}([.][0-9]+)?$/.test(value),
  },
]).meta({ "x-kubernetes-int-or-string": true, maxLength: 8 });

const limits = {
  max: share
    .optional()
    .describe(
      "Largest share of the new version's requests, above 0%. Default: 1%. Unit: percent of requests.",
    ),
  maxRatioToStable: ratio
    .optional()
    .describe(
      "A version over max is rejected only above so many times the share of the stable version, at least 1. Default: 2. Unit: none.",
    ),
};

const hasLimit = (metric: string) => ({
  cel: "has(self.max) || has(self.maxRatioToStable)",
  message: `${metric} must have a limit: set max, maxRatioToStable or both`,
  holds: ({ max, maxRatioToStable }: { max?: unknown; maxRatioToStable?: unknown }) =>
    max !== undefined || maxRatioToStable !== undefined,
});

const errors = withRules(z.strictObject(limits), [hasLimit("errors")]);

const latency = withRules(
  z.strictObject({
    aboveMilliseconds: z
      .int()
      .min(1)
      .max(600_000)
      .describe("A request that takes longer is slow. Required. Unit: milliseconds."),
    ...limits,
  }),
  [hasLimit("latency")],
);

const metricName = (what: string) =>
  withRules(text(200), [
    matches("^[a-zA-Z_:][a-zA-Z0-9_:]*$", `${what} must be the name of a metric, without labels`),
  ]);
const labelKey = withRules(text(100), [
  matches("^[a-zA-Z_][a-zA-Z0-9_]*$", "must be the name of a label: letters, digits and '_'"),
]);

const ignored = z.strictObject({
  label: labelKey.describe("Label that names the route. Required."),
  values: atomicList(text(256), 20).min(1).describe("Values of the label that are not counted. Required."),
});

const endpoint = z.strictObject({
  port: text(15).min(1).optional().describe("Name of the port: http, or a name in pod.ports. Default: http."),
  path: withRules(text(256), [
    matches("^/[A-Za-z0-9_./-]*$", "path must start with / and have only letters, digits and _./-"),
  ])
    .optional()
    .describe("Path of the counters in the Prometheus text format. Default: /metrics."),
  requests: metricName("requests").optional().describe("Counter of requests. Default: http_requests_total."),
  codeLabel: labelKey.optional().describe("Label with the code of the answer. Default: code."),
  errorCodes: withRules(text(200), [
    matches(
      "^[A-Za-z0-9_.]+([|][A-Za-z0-9_.]+)*$",
      "errorCodes must be codes separated by '|', in which '.' stands for any character: such as 5.. or Internal|Unavailable",
    ),
  ])
    .optional()
    .describe("Codes of failed requests; '.' stands for any character. Default: 5.., so 4xx do not count."),
  duration: metricName("duration")
    .optional()
    .describe("Histogram of the requests' durations in seconds. Default: http_request_duration_seconds."),
  ignore: atomicList(ignored, 10)
    .optional()
    .describe(
      "Series that are not counted. Default: /health, /ready, /metrics, and the paths of the probes and of the counters, except /, as values of the label route.",
    ),
});

/** How the evidence for or against a new version is gathered. */
export const analysis = z.strictObject({
  errors: errors.optional().describe("Share of failed requests. Default: max 1%, maxRatioToStable 2."),
  latency: latency.optional().describe("Share of slow requests. Default: none, latency is not judged."),
  endpoint: endpoint
    .optional()
    .describe("Where the pods' own counters are. Default: http_requests_total at /metrics of the port http."),
  undecidedSeconds: z
    .int()
    .min(60)
    .max(604_800)
    .optional()
    .describe(
      "Time for which a step waits for evidence before a person is asked, from the step's start. Default: 1800. Unit: seconds.",
    ),
});

/** An analysis has no effect on rolling updates; its port must be one of the pod's. */
export const analysisRules = [
  {
    cel: "!has(self.analysis) || (has(self.strategy) && has(self.strategy.type) && self.strategy.type != 'RollingUpdate')",
    message:
      "analysis has no effect on rolling updates: remove it, or set strategy.type to Canary or BlueGreen",
    at: ["analysis"],
    holds: ({ analysis: given, strategy }: Given) => given === undefined || strategy.type !== "RollingUpdate",
  },
  {
    cel: "has(self.analysis) || !has(self.strategy) || !has(self.strategy.canary) || !has(self.strategy.canary.steps) || !self.strategy.canary.steps.exists(s, has(s.analysis))",
    message:
      "a step with analysis needs spec.analysis: set it (an empty object takes all defaults), or remove the step",
    at: ["analysis"],
    holds: ({ analysis: given, strategy }: Given) =>
      given !== undefined || strategy.canary?.steps?.every((step) => step.analysis === undefined) !== false,
  },
  {
    cel: "!has(self.analysis) || !has(self.analysis.endpoint) || !has(self.analysis.endpoint.port) || self.analysis.endpoint.port == 'http' || (has(self.pod) && has(self.pod.ports) && self.pod.ports.exists(p, p.name == self.analysis.endpoint.port))",
    message: "analysis.endpoint.port must be http or a name in pod.ports: correct it or add the port",
    at: ["analysis", "endpoint", "port"],
    holds: ({ analysis: given, pod }: Given) => {
      const port = given?.endpoint?.port ?? "http";
      return port === "http" || (pod?.ports ?? []).some(({ name }) => name === port);
    },
  },
] as const;

interface Given {
  readonly analysis?: z.output<typeof analysis> | undefined;
  readonly strategy: {
    readonly type: string;
    readonly canary?: { readonly steps?: readonly { readonly analysis?: unknown }[] | undefined } | undefined;
  };
  readonly pod?: { readonly ports?: readonly { readonly name: string }[] | undefined } | undefined;
}
