import type { Logger } from "./log.ts";
import { shorten } from "./shorten.ts";

/** Maximum number of texts in memory, and of characters of each: webhooks choose both. */
const maxTexts = 1_000;
const maxLength = 1_024;

/** One warning in a header: code, agent, quoted text, and the end of a quoted date if any (RFC 7234, section 5.5). */
const pattern = /\s*(\d{3}) (\S+) "((?:[^"\\]|\\.)*)"(?:\s*"[^"]*")?\s*(?:,|$)/gy;

/**
 * The texts in an answer's `Warning` headers, by client-go's rules: only the code 299, valid UTF-8 without control
 * characters, and nothing after the first malformed part of a header.
 */
export const warningsIn = (headers: string | readonly string[] = []): string[] =>
  [headers]
    .flat()
    .flatMap((header) => [...header.matchAll(pattern)])
    .filter(([, code]) => code === "299")
    // The client reads headers as Latin-1, the API server writes UTF-8.
    .map(([, , , text = ""]) => Buffer.from(text.replaceAll(/\\(.)/g, "$1"), "latin1").toString())
    .filter((text) => text !== "" && !/[\p{Cc}\uFFFD]/u.test(text));

interface Answer {
  readonly method: string;
  readonly path: string;
  readonly warnings: readonly string[];
}

/** Returns a function that logs the warnings of the API server, each text once in the life of the process. */
export const createWarningLog = (log: Logger): ((answer: Answer) => void) => {
  const logged = new Set<string>();
  return ({ method, path, warnings }) => {
    for (const text of warnings) {
      const warning = shorten(text, maxLength);
      if (logged.size >= maxTexts || logged.has(warning) || !log.isLevelEnabled("warn")) continue;
      logged.add(warning);
      log.warn({ method, path, warning }, "the API server warns");
      if (logged.size === maxTexts)
        log.warn(`${maxTexts} different warnings of the API server are logged: no others until a restart`);
    }
  };
};
