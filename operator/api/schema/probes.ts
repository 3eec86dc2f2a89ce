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
      "Path of the HTTP GET; an answer of 200 to 399 passes. Default: /health, unless tcp, grpc or exec is given.",
    ),
  port: portNumber.optional().describe("Port of the HTTP GET. Default: spec.port."),
  scheme: z
    .enum(["HTTP", "HTTPS"])
    .optional()
    .describe("HTTP or HTTPS (certificates are not checked). Default: HTTP."),
  httpHeaders: atomicList(httpHeader, 20).optional().describe("Headers of the HTTP GET. Default: none."),
  tcp: z
    .strictObject({ port: portNumber.optional().describe("Port to connect to. Default: spec.port.") })
    .optional()
    .describe("Passes when a TCP connection opens. Default: none."),
  grpc: z
    .strictObject({
      port: portNumber.optional().describe("Port of the gRPC health service. Default: spec.port."),
      service: text(253)
        .optional()
        .describe("Name of the service to ask for. Default: empty, the whole server."),
    })
    .optional()
    .describe("Passes when the gRPC health service answers SERVING. Default: none."),
  exec: z
    .strictObject({
      command: atomicList(text(4096), 50)
        .min(1)
        .describe("Program and arguments, without a shell. Required."),
    })
    .optional()
    .describe("Passes when a command in the container exits with 0. Default: none."),
  disabled: z.boolean().optional().describe("True: no such probe at all. Default: false."),
};

type Handlers = z.output<z.ZodObject<typeof handlers>>;

const others = ["tcp", "grpc", "exec"] as const;
const given = (probe: Handlers): number => others.filter((name) => probe[name] !== undefined).length;
const asksByHttp = ({ path, port, scheme, httpHeaders }: Handlers): boolean =>
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
    holds: (probe) => given(probe) + Number(asksByHttp(probe)) <= 1,
  },
  {
    cel: `!has(self.disabled) || !self.disabled || !(${anyHttp} || has(self.tcp) || has(self.grpc) || has(self.exec))`,
    message:
      "a disabled probe has no handler: remove disabled, or remove path, port, scheme, httpHeaders, tcp, grpc and exec",
    holds: (probe) => probe.disabled !== true || given(probe) + Number(asksByHttp(probe)) === 0,
  },
];

/** The defaults that differ by the kind of probe; seconds, and failures in a row. */
type Numbers = { initialDelaySeconds: number; periodSeconds: number; failureThreshold: number };

const numbers = ({ initialDelaySeconds, periodSeconds, failureThreshold }: Numbers) => ({
  initialDelaySeconds: seconds
    .apply(withDefault, initialDelaySeconds)
    .describe(
      `Wait after the container's start before the first probe. Default: ${initialDelaySeconds}. Unit: seconds.`,
    ),
  periodSeconds: seconds
    .min(1)
    .apply(withDefault, periodSeconds)
    .describe(`Time from one probe to the next. Default: ${periodSeconds}. Unit: seconds.`),
  timeoutSeconds: seconds
    .min(1)
    .apply(withDefault, 1)
    .describe("Time after which a probe has failed. Default: 1. Unit: seconds."),
  failureThreshold: z
    .int()
    .min(1)
    .max(10_000)
    .apply(withDefault, failureThreshold)
    .describe(`Failures in a row before it counts. Default: ${failureThreshold}. Unit: probes.`),
});

const restarting = {
  successThreshold: z
    .int()
    .min(1)
    .max(1)
    .apply(withDefault, 1)
    .describe(
      "Successes in a row before it counts; Kubernetes allows only 1 here. Default: 1. Unit: probes.",
    ),
  terminationGracePeriodSeconds: seconds
    .min(1)
    .optional()
    .describe(
      "Time to stop in when this probe restarts the container. Default: that of the pod. Unit: seconds.",
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
      .describe("Successes in a row before it counts. Default: 1. Unit: probes."),
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
      "Restarts the container when it fails. Default: HTTP GET /health, first after 10 s, then every 5 s.",
    ),
  readiness: readiness
    .apply(withDefault, {})
    .describe(
      "Takes the pod out of the Service while it fails. Default: HTTP GET /health, first after 5 s, then every 3 s.",
    ),
  startup: startup.optional().describe("Holds the other two back until it has passed once. Default: none."),
});

/** Any of the three; a readiness probe never has `terminationGracePeriodSeconds`. */
export type Probe = z.output<typeof liveness>;
