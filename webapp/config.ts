import { hostname } from "node:os";
import * as z from "zod";

/** Faults that the app simulates, to show how a rollout handles a bad version. Default: none. */
export const faultsSchema = z.strictObject({
  /** Share of responses with status 500, 0 to 1. */
  errorRate: z.number().min(0).max(1).default(0),
  /** Delay added to each response, in milliseconds, at most 30 s. */
  latencyMs: z.number().int().min(0).max(30_000).default(0),
  /** `/ready` responds with 503. */
  notReady: z.boolean().default(false),
  /** Seconds from setting the fault until the process exits with code 1, at most an hour; 0: never. */
  crashAfterSeconds: z.number().min(0).max(3600).default(0),
});

/** Faults, as set by environment variables or over HTTP. */
export type Faults = Readonly<z.infer<typeof faultsSchema>>;

export const noFaults: Faults = faultsSchema.parse({});

const flag = z
  .enum(["true", "false"], { error: 'expected "true" or "false"' })
  .transform((v) => v === "true");
const number = (check: z.ZodType<number, number>) => z.coerce.number().pipe(check);
const wholeNumber = (most: number) => number(z.int().min(0).max(most));

/** The environment variables: the schema and default of each. */
const variables = z.object({
  PORT: wholeNumber(65_535).default(8080),
  HOST: z.string().min(1).default("0.0.0.0"),
  // APP_VERSION and POD_NAME appear unescaped in headers, labels and HTML: allow no character with a meaning there.
  APP_VERSION: z
    .string()
    .regex(/^[\w.+-]{1,64}$/, "expected up to 64 letters, digits and . _ + -")
    .default("1.0.0"),
  POD_NAME: z
    .string()
    .regex(/^[\w.-]{1,253}$/, "expected a host name")
    .prefault(hostname),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  DRAIN_WAIT_MS: wholeNumber(60_000).default(2000),
  DRAIN_TIMEOUT_MS: wholeNumber(120_000).default(10_000),
  FAULT_ERROR_RATE: number(faultsSchema.shape.errorRate.unwrap()).default(0),
  FAULT_LATENCY_MS: number(faultsSchema.shape.latencyMs.unwrap()).default(0),
  FAULT_NOT_READY: flag.default(false),
  FAULT_CRASH_AFTER_SECONDS: number(faultsSchema.shape.crashAfterSeconds.unwrap()).default(0),
  FAULTS_OVER_HTTP: flag.default(false),
});

export interface Config {
  /** Port to listen on; 0: any free port. */
  readonly port: number;
  readonly host: string;
  /** The version that the app reports. */
  readonly version: string;
  /** Name of the pod; outside Kubernetes the host name. */
  readonly pod: string;
  readonly logLevel: z.infer<typeof variables>["LOG_LEVEL"];
  /** Time after SIGTERM in which the app still accepts connections, until every proxy has removed its endpoint. */
  readonly drainWaitMs: number;
  /** Time after `drainWaitMs` in which requests in progress may complete before they are cut. */
  readonly drainTimeoutMs: number;
  readonly faults: Faults;
  /** True if `/faults` is enabled. */
  readonly faultsOverHttp: boolean;
}

/** Environment variables have invalid values. The message names each such variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the configuration from environment variables (docs/webapp.md lists them). An empty variable counts as unset,
 * because a Kubernetes manifest can't unset a variable. Throws `ConfigError`.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const { success, data, error } = variables.safeParse(set);
  if (!success)
    throw new ConfigError(
      error.issues
        .map(({ path, message }) => `${path.join(".")}: ${message} (it is "${set[path.join(".")]}")`)
        .join("; "),
    );
  return Object.freeze({
    port: data.PORT,
    host: data.HOST,
    version: data.APP_VERSION,
    pod: data.POD_NAME,
    logLevel: data.LOG_LEVEL,
    drainWaitMs: data.DRAIN_WAIT_MS,
    drainTimeoutMs: data.DRAIN_TIMEOUT_MS,
    faults: {
      errorRate: data.FAULT_ERROR_RATE,
      latencyMs: data.FAULT_LATENCY_MS,
      notReady: data.FAULT_NOT_READY,
      crashAfterSeconds: data.FAULT_CRASH_AFTER_SECONDS,
    },
    faultsOverHttp: data.FAULTS_OVER_HTTP,
  });
}
