import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

export interface Example {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** The documents in the YAML blocks of a page of docs/; blocks in lists are indented. */
export function documentsIn(page: string): readonly Example[] {
  const text = readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");
  const blocks = [...text.matchAll(/^( *)```yaml\n([^]*?)```/gm)].map(([, indent = "", block = ""]) =>
    block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
  return blocks.flatMap((block) => parseAllDocuments(block).map((document) => document.toJS() as Example));
}
