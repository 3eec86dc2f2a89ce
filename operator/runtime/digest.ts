import { createHash } from "node:crypto";

/** A short text that stands for a long one, to compare writes of large objects without keeping them. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("base64");
