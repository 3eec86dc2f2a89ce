import { hostname } from "node:os";
import { Command, Option } from "commander";
import * as z from "zod";
import { logLevels } from "./runtime/log.ts";

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const booleanText = z.enum(["true", "false"]).transform((text) => text === "true");
const commaSeparated = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean),
);
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Every setting: its environment variable, its default as text, its schema, and its help text. */
const settings = {
  watchNamespaces: {
    env: "WATCH_NAMESPACES",
    default: "",
    schema: commaSeparated.refine(
      (names) => names.every((name) => namespaceName.test(name)),
      "must be namespace names, separated by commas",
    ),
    help: "namespaces to watch, separated by commas; empty: all namespaces",
  },
  concurrency: {
    env: "CONCURRENCY",
    default: "20",
    schema: wholeNumber(1, 500),
    help: "maximum number of apps reconciled at the same time",
  },
  logLevel: { env: "LOG_LEVEL", default: "info", schema: z.enum(logLevels), help: logLevels.join(", ") },
  leaderElect: {
    env: "LEADER_ELECT",
    default: "true",
    schema: booleanText,
    help: "false: run without leader election (only one process may run)",
  },
  leaseNamespace: {
    env: "POD_NAMESPACE",
    default: "demoapp-system",
    schema: z.string().regex(namespaceName, "must be a namespace name"),
    help: "namespace of the leader election lease",
  },
  identity: {
    env: "POD_NAME",
    default: "",
    schema: z.string().transform((name) => name || `${hostname()}-${process.pid}`),
    help: "name of this process in the lease and in events; empty: host name and process id",
  },
  leaseDurationSeconds: {
    env: "LEASE_DURATION_SECONDS",
    default: "15",
    schema: wholeNumber(3, 300),
    help: "time without a renewal after which another process may take the lease; the leader stops after two thirds of it",
  },
  port: {
    env: "PORT",
    default: "8081",
    schema: wholeNumber(0, 65_535),
    help: "port of /livez, /readyz and /metrics; 0: any free port",
  },
  metricsAuth: {
    env: "METRICS_AUTH",
    default: "false",
    schema: booleanText,
    help: "true: /metrics requires a token whose user may get the path /metrics (TokenReview, SubjectAccessReview)",
  },
  metricsAudience: {
    env: "METRICS_AUDIENCE",
    default: "",
    schema: z.string(),
    help: "audience that these tokens must have; empty: the audience of the API server",
  },
  debugPort: {
    env: "DEBUG_PORT",
    default: "0",
    schema: wholeNumber(0, 65_535),
    help: "port on 127.0.0.1 of /debug/heap, /debug/profile and /debug/log-level; 0: no such port",
  },
  timeoutSeconds: {
    env: "CLIENT_TIMEOUT_SECONDS",
    default: "30",
    schema: wholeNumber(1, 600),
    help: "timeout of one API request",
  },
  connections: {
    env: "CLIENT_CONNECTIONS",
    default: "16",
    schema: wholeNumber(1, 256),
    help: "maximum connections to the API server, not counting watches",
  },
  kubeconfig: {
    env: "KUBECONFIG",
    default: "",
    schema: z.string().transform((paths) => paths || undefined),
    help: "paths of kubeconfigs, separated by colons; empty: ~/.kube/config, or the pod's service account",
  },
} as const;

type Name = keyof typeof settings;

/** The validated settings. */
export type Config = { readonly [N in Name]: z.output<(typeof settings)[N]["schema"]> };

/** A setting has an invalid value. The message names the environment variable and the flag. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function createCommand(env: Readonly<Record<string, string | undefined>>): Command {
  const command = new Command("demoapp-operator").description("Runs DemoApps: see docs/demoapp.md");
  for (const [name, setting] of Object.entries(settings)) {
    const option = new Option(`${flagOf(name)} <value>`, `${setting.help} (env: ${setting.env})`);
    command.addOption(option.default(env[setting.env] ?? setting.default));
  }
  return command.exitOverride();
}

/**
 * Reads the configuration: flags override environment variables, which override defaults. Throws ConfigError for an
 * invalid value, and commander's CommanderError for an unknown flag or --help.
 */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const given = createCommand(env)
    .parse([...argv], { from: "user" })
    .opts<Record<Name, string>>();
  const entries = Object.entries(settings).map(([name, setting]) => {
    const parsed = setting.schema.safeParse(given[name as Name]);
    if (parsed.success) return [name, parsed.data] as const;
    const problem = parsed.error.issues.map(({ message }) => message).join(", ");
    throw new ConfigError(`${setting.env} (or ${flagOf(name)}) is "${given[name as Name]}": ${problem}`);
  });
  return Object.freeze(Object.fromEntries(entries)) as Config;
}

/** Reads the configuration of this process. */
export const processConfig = (): Config => readConfig(process.argv.slice(2), process.env);
