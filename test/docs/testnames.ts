import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** The rows of the tables of a page in `docs/`, without their heads: the texts of the cells. */
export const rowsOf = (page: string): readonly (readonly string[])[] =>
  page
    .split("\n")
    .filter(
      (line, i, lines) => line.startsWith("| ") && !/^\| -+/.test(line) && !/^\| -+/.test(lines[i + 1] ?? ""),
    )
    .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\|? ?| ?\|?$/g, "").trim()));

/** The quoted names in the cells that no test has. */
export function missingTests(cells: readonly string[]): readonly string[] {
  const texts = globSync("test/**/*.ts", { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"));
  const named = cells.flatMap((cell) => [...cell.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name));
  return named.filter((name) => !texts.some((text) => text.includes(name)));
}
