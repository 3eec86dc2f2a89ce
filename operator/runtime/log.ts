import pino, { type DestinationStream, type Logger } from "pino";
import type { OperatorLogger } from "@dot-i/k8s-operator";

export type { Logger } from "pino";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names under which a secret could be logged by mistake, at the top level and one below. */
const secretNames = ["authorization", "Authorization", "token", "password", "secret", "data", "stringData"];

/** JSON lines on stdout (or `destination`), with the level as a word and the time in RFC 3339. */
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
