import * as z from "zod";
import { atomicList, portNumber, seconds, text, withDefault } from "./fields.ts";
import { matches, withRules, type Rule } from "./rule.ts";

const httpHeader = z.strictObject({
  name: withRules(text(256), [
    matches("^[-A-Za-z0-9]+$", "the name of a header is letters, digits and '-'"),
  ]).describe("Name of the header. Required."),
  value: text(4096).describe("Value of the header. Required."),
});

const handlers = {
  path: text(1024)
    .optional()
    .describe(
      "Path of the HTTP GET; the status codes 200 to 399 pass. Default: /health, unless tcp, grpc or exec is given.",
    ),
  port: portNumber.optional().describe("Port of the HTTP GET. Default: spec.port."),
  scheme: z
    .enum(["HTTP", "HTTPS"])
    .optional()
    .describe("HTTP, or HTTPS without certificate verification. Default: HTTP."),
  httpHeaders: atomicList(httpHeader, 20).optional().describe("Headers of the HTTP GET. Default: none."),
  tcp: z
    .strictObject({ port: portNumber.optional().describe("Port to connect to. Default: spec.port.") })
    .optional()
    .describe("Passes if a TCP connection opens. Default: none."),
  grpc: z
    .strictObject({
      port: portNumber.optional().describe("Port of the gRPC health service. Default: spec.port."),
      service: text(253)
        .optional()
        .describe("Name of the gRPC service to check. Default: empty, the whole server."),
    })
    .optional()
    .describe("Passes if the gRPC health service answers SERVING. Default: none."),
  exec: z
    .strictObject({
      command: atomicList(text(4096), 50)
        .min(1)
        .describe("Program and arguments, without a shell. Required."),
    })
    .optional()
    .describe("Passes if a command in the container exits with 0. Default: none."),
  disabled: z.boolean().optional().describe("True: removes the probe. Default: false."),
};

type Handlers = z.output<z.ZodObject<typeof handlers>>;

const others = ["tcp", "grpc", "exec"] as const;
const given = (probe: Handlers): number => others.filter((name) => probe[name] !== undefined).length;
const usesHttp = ({ path, port, scheme, httpHeaders }: Handlers): boolean =>
  [path, port, scheme, httpHeaders].some((value) => value !== undefined);

const anyHttp = "has(self.path) || has(self.port) || has(self.scheme) || has(self.httpHeaders)";
const rules: readonly Rule<Handlers>[] = [
  {
    cel: "!has(self.path) || self.path.startsWith('/')",
    message: "path must start with '/', such as /health",
    at: ["path"],
    holds: ({ path }) => path === undefined || path.startsWith("/"),
  },
  {
    cel: `[${anyHttp}, has(self.tcp), has(self.grpc), has(self.exec)].filter(given, given).size() <= 1`,
    message:
      "a probe has one handler: give path (with port, scheme and httpHeaders), or tcp, or grpc, or exec, and remove the others",
    holds: (probe) => given(probe) + Number(usesHttp(probe)) <= 1,
  },
  {
    cel: `!has(self.disabled) || !self.disabled || !(${anyHttp} || has(self.tcp) || has(self.grpc) || has(self.exec))`,
    message:
      "a disabled probe has no handler: remove disabled, or remove path, port, scheme, httpHeaders, tcp, grpc and exec",
    holds: (probe) => probe.disabled !== true || given(probe) + Number(usesHttp(probe)) === 0,
  },
];

/** The defaults that differ between the probes: seconds, and consecutive failures. */
type Defaults = { initialDelaySeconds: number; periodSeconds: number; failureThreshold: number };

const numbers = ({ initialDelaySeconds, periodSeconds, failureThreshold }: Defaults) => ({
  initialDelaySeconds: seconds
    .apply(withDefault, initialDelaySeconds)
    .describe(
      `Time from the container's start to the first probe. Default: ${initialDelaySeconds}. Unit: seconds.`,
    ),
  periodSeconds: seconds
    .min(1)
    .apply(withDefault, periodSeconds)
    .describe(`Time from one probe to the next. Default: ${periodSeconds}. Unit: seconds.`),
  timeoutSeconds: seconds
    .min(1)
    .apply(withDefault, 1)
    .describe("Time after which a probe without an answer fails. Default: 1. Unit: seconds."),
  failureThreshold: z
    .int()
    .min(1)
    .max(10_000)
    .apply(withDefault, failureThreshold)
    .describe(
      `Consecutive failed probes after which the check fails. Default: ${failureThreshold}. Unit: probes.`,
    ),
});

const restarting = {
  successThreshold: z
    .int()
    .min(1)
    .max(1)
    .apply(withDefault, 1)
    .describe(
      "Consecutive passed probes after which the check passes; Kubernetes allows only 1. Default: 1. Unit: probes.",
    ),
  terminationGracePeriodSeconds: seconds
    .min(1)
    .optional()
    .describe(
      "Time that the container has to stop when this probe restarts it. Default: that of the pod. Unit: seconds.",
    ),
};

const liveness = withRules(
  z.strictObject({
    ...handlers,
    ...numbers({ initialDelaySeconds: 10, periodSeconds: 5, failureThreshold: 3 }),
    ...restarting,
  }),
  rules,
);

const readiness = withRules(
  z.strictObject({
    ...handlers,
    ...numbers({ initialDelaySeconds: 5, periodSeconds: 3, failureThreshold: 3 }),
    successThreshold: z
      .int()
      .min(1)
      .max(10_000)
      .apply(withDefault, 1)
      .describe("Consecutive passed probes after which the check passes. Default: 1. Unit: probes."),
  }),
  rules,
);

const startup = withRules(
  z.strictObject({
    ...handlers,
    ...numbers({ initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 30 }),
    ...restarting,
  }),
  rules,
);

export const probes = z.strictObject({
  liveness: liveness
    .apply(withDefault, {})
    .describe(
      "Restarts the container if it fails. Default: HTTP GET /health, first after 10 s, then every 5 s.",
    ),
  readiness: readiness
    .apply(withDefault, {})
    .describe(
      "Removes the pod from the Service while it fails. Default: HTTP GET /health, first after 5 s, then every 3 s.",
    ),
  startup: startup
    .optional()
    .describe("Delays the other two probes until it has passed once. Default: none."),
});

/** Any of the three probes. A readiness probe has no `terminationGracePeriodSeconds`. */
export type Probe = z.output<typeof liveness>;
