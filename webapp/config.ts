import { hostname } from "node:os";
import * as z from "zod";

/** What goes wrong on purpose, to show what a rollout does with a bad version. All absent: nothing. */
export const faultsSchema = z.strictObject({
  /** Share of the answers that are a 500, 0 to 1. */
  errorRate: z.number().min(0).max(1).default(0),
  /** Added to each answer, in milliseconds, 30 s at most. */
  latencyMs: z.number().int().min(0).max(30_000).default(0),
  /** `/ready` says 503. */
  notReady: z.boolean().default(false),
  /** The process exits with code 1 this long after the fault was set, in seconds; 0: never, an hour at most. */
  crashAfterSeconds: z.number().min(0).max(3600).default(0),
});

/** Faults as set by env or over HTTP. */
export type Faults = Readonly<z.infer<typeof faultsSchema>>;

export const noFaults: Faults = faultsSchema.parse({});

const flag = z
  .enum(["true", "false"], { error: 'expected "true" or "false"' })
  .transform((v) => v === "true");
const number = (check: z.ZodType<number, number>) => z.coerce.number().pipe(check);
const wholeNumber = (most: number) => number(z.int().min(0).max(most));

/** One entry a variable: its check and its default. */
const variables = z.object({
  PORT: wholeNumber(65_535).default(8080),
  HOST: z.string().min(1).default("0.0.0.0"),
  // This and the pod's name end up in headers, labels and the page: no character in them has a meaning there.
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
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** The version that this process claims to be. */
  readonly version: string;
  /** Name of the pod, or of the machine outside Kubernetes. */
  readonly pod: string;
  readonly logLevel: z.infer<typeof variables>["LOG_LEVEL"];
  /** How long after SIGTERM it goes on accepting connections, so that every proxy has heard of it. */
  readonly drainWaitMs: number;
  /** How long after that running requests may take before they are cut. */
  readonly drainTimeoutMs: number;
  readonly faults: Faults;
  /** Whether `/faults` exists. */
  readonly faultsOverHttp: boolean;
}

/** An environment variable has a value that makes no sense; the message names each such variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the configuration from environment variables (docs/webapp.md has the table). An empty variable counts
 * as not set, as a Kubernetes manifest can't unset one. Throws `ConfigError`.
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
