// `npm run generate`: writes what is made from the zod schema, and from Argo CD's Lua. `--check` writes nothing and fails when a file
// differs from what it would write, showing the first lines that do.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition } from "../operator/api/crd.ts";
import { customizations } from "./customizations.ts";
import { reference } from "./reference.ts";

const root = join(import.meta.dirname, "..");
const shownLines = 10;

/** One generated file: its path in the repository, and its text made from the text that is there now. */
type Generated = { readonly path: string; readonly make: (present: string) => string };

const header = "# Generated from operator/api by `npm run generate`. Do not edit.\n";
const generated: readonly Generated[] = [
  {
    path: "crds/demoapps.demoapp.dev.yaml",
    make: () =>
      header + stringify(customResourceDefinition(), { lineWidth: 110, aliasDuplicateObjects: false }),
  },
  { path: "docs/demoapp.md", make: reference },
  {
    path: "deploy/argocd/install/argocd-cm.yaml",
    make: () => customizations(join(root, "deploy/argocd/resource_customizations")),
  },
];

function present(path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** The first lines in which two texts differ: `-` is in the file, `+` would be written. */
export function difference(present: string, wanted: string): string[] {
  const [before, after] = [present.split("\n"), wanted.split("\n")];
  const lines: string[] = [];
  for (let at = 0; at < Math.max(before.length, after.length) && lines.length < shownLines; at += 1) {
    if (before[at] === after[at]) continue;
    if (before[at] !== undefined) lines.push(`  line ${at + 1}  - ${before[at]}`);
    if (after[at] !== undefined) lines.push(`  line ${at + 1}  + ${after[at]}`);
  }
  return lines;
}

/** What is out of date, as lines to print; empty when nothing is. */
export const outdated = (): string[] =>
  generated.flatMap(({ path, make }) => {
    const text = present(path);
    const lines = difference(text, make(text));
    return lines.length === 0 ? [] : [`${path} is not what it is made from (npm run generate):`, ...lines];
  });

function write(): void {
  for (const { path, make } of generated) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, make(present(path)));
    console.log(`wrote ${path}`);
  }
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const lines = outdated();
    console.error(lines.join("\n"));
    process.exitCode = lines.length === 0 ? 0 : 1;
  } else {
    write();
  }
}
