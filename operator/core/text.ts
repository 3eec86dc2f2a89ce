import type { ReasonMessage } from "../api/reasons.ts";
import { isFields, truncate } from "./manifest.ts";

/** Line breaks, blanks, control characters and replaced surrogates: everything that separates words or moves a cursor. */
const separators = /[\s\p{Cc}\p{Z}\uFFFD]+/gu;
/** Characters that nobody sees: bidirectional marks and isolates, zero-width characters, tags, variation selectors. */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]+/gu;

/** One line of visible, well-formed text, of at most `maxLength` UTF-16 units. For all text that the operator didn't write. */
export const cleanText = (text: string, maxLength: number): string =>
  clipped(text.toWellFormed().replace(invisible, "").replace(separators, " ").trim(), maxLength);

/** The text in at most `maxLength` UTF-16 units. Drops a split surrogate pair. */
const clipped = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${truncate(text, maxLength - 1).replace(/\uFFFD$/, "")}…`;

/** A copy of JSON in which each text is clean. */
export function withCleanTexts<T>(value: T): T;
export function withCleanTexts(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value, Infinity);
  if (Array.isArray(value)) return value.map(withCleanTexts);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withCleanTexts(inner)]));
}

/** Longest quote of untrusted text, in UTF-16 units. */
export const maxQuote = 256;

const half = maxQuote / 2;

/** Untrusted text as the operator keeps it. Of a long text, the beginning and the end: logs tell the cause in either. */
export function quoteOf(text: string): string {
  const line = cleanText(text, Infinity);
  if (line.length <= maxQuote) return line;
  const [start, end] = [line.slice(0, half - 2), line.slice(1 - half)].map((part) => part.toWellFormed());
  return `${start?.replace(/\uFFFD$/, "")} … ${end?.replace(/^\uFFFD/, "")}`;
}

/** Untrusted text in quotation marks. The text has none of them, so a reader sees where the quote ends. */
const quoted = (text: string): string => `"${quoteOf(text).replaceAll('"', "'")}"`;

/** The message of a blocker: the operator's words, then the quote. No other text of the operator has the quote. */
export const withQuote = ({ message, quote }: Pick<ReasonMessage, "message" | "quote">): string =>
  quote === undefined ? message : `${message.replace(/\.$/, "")}: ${quoted(quote)}`;

/** A field manager's name if it is one word, which can't be taken for a sentence; else "another field manager". */
export const managerText = (manager: string): string =>
  /^[\w./@-]{1,128}$/.test(manager) ? manager : "another field manager";
