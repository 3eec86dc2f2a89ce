import { cleanText, maxQuote } from "./text.ts";

// The texts of stored revisions. Anybody can have edited the annotations and templates that contain them.

/** The longest texts that the schema of the status allows, in characters. */
const maxLengths = { image: 512, reason: 128, message: 2048, quote: maxQuote } as const;

/** The text of an annotation: one clean line. */
export const annotationText = (
  name: Exclude<keyof typeof maxLengths, "image">,
  value: string | undefined,
): string | undefined => (value === undefined ? undefined : cleanText(value, maxLengths[name]));

const pod = String.raw`pod [\w.-]+`;
/** Every message of a rejection in the operator's words. In earlier versions, untrusted text followed after a colon. */
const ownWords = new RegExp(
  `^(${[
    String.raw`container [\w.-]+ of ${pod} is crash-looping, last with (?:exit code -?\d+|OOMKilled|no exit was recorded)`,
    `${pod} can't pull its image(?:, which the registry does not have)?`,
    String.raw`${pod} started and was not ready within progressDeadlineSeconds \d+(?: \([\w ,.]+\))?`,
    String.raw`\d+ of \d+ requests (?:failed|took more than [\d.]+ s) \([\w. %;,-]+\)`,
    String.raw`aborted by the annotation demoapp\.dev/abort`,
  ].join("|")})(?:: (.+))?$`,
);

/** The operator's words in the message of a stored revision, and the quote. Anybody can have edited the annotations. */
export function messageIn(message: string | undefined, quote: string | undefined) {
  const [, words, output] = ownWords.exec(message ?? "") ?? [];
  return { message: words, quote: quote ?? output ?? (words === undefined ? message : undefined) };
}

/** The image if it is one word, which can't be taken for a sentence. */
export function imageText(image: unknown): string {
  const text = typeof image === "string" ? cleanText(image, maxLengths.image) : "";
  return /^\S*$/.test(text) ? text : "";
}
