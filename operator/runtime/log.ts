import pino, { type DestinationStream, type Logger } from "pino";
import type { OperatorLogger } from "@dot-i/k8s-operator";

export type { Logger } from "pino";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Field names that may contain a secret. They are redacted at the top level and one level below. */
const secretNames = ["authorization", "Authorization", "token", "password", "secret", "data", "stringData"];

/** Creates a logger that writes JSON lines to stdout or `destination`, with level names and RFC 3339 times. */
export const createLogger = (level: LogLevel, destination?: DestinationStream): Logger => {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
};

/** The logger that @dot-i/k8s-operator expects. */
export const operatorLogger = (log: Logger): OperatorLogger => ({
  debug: (message) => log.debug(message),
  info: (message) => log.info(message),
  warn: (message) => log.warn(message),
  error: (message) => log.error(message),
});
