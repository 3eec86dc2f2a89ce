import pino from "pino";
import type { Logger } from "pino";

/** JSON lines on standard output, written before the call returns, so that a crash loses none. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ sync: true }));
