import pino from "pino";
import type { Logger } from "pino";

/** Creates a logger that writes JSON lines to standard output, synchronously, so that a crash loses no line. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ sync: true }));
