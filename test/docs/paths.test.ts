import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "../..");
const list = (...argv: readonly string[]): string[] =>
  execFileSync("git", ["ls-files", ...argv], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
const pages = list("*.md").map((page) => ({ page }));
const folders = new Set(list().flatMap((file) => (file.includes("/") ? [file.split("/")[0]] : [])));

/** A page without its code blocks, which may contain paths of other repositories. */
const proseOf = (page: string): string =>
  readFileSync(join(root, page), "utf8").replaceAll(/^( *)```[^]*?^\1```$/gm, "");

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(/\s/g, "-");

const anchorsIn = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));

/** True if the path exists; `<env>` and `*` match any name. Some pages name paths relative to deploy/. */
const exists = (path: string, page: string): boolean =>
  ["", "deploy", dirname(page)].some(
    (base) => globSync(join(root, base, path.replaceAll(/<\w+>/g, "*"))).length > 0,
  );

test.each(pages)("$page: every link has a target", ({ page }) => {
  const links = [...proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const broken = links.filter(([, path = "", anchor]) => {
    const file = path === "" ? join(root, page) : join(root, dirname(page), path);
    return !existsSync(file) || (anchor !== undefined && !anchorsIn(file).includes(anchor));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

test.each(pages)("$page: every path of this repository exists", ({ page }) => {
  const words = [...proseOf(page).matchAll(/`([^`\s]+)`/g)].map(([, word = ""]) => word);
  const paths = words.filter(
    (word) => /^[\w.-]+\/[\w./*<>{},-]+$/.test(word) && folders.has(word.split("/")[0]),
  );
  expect(paths.filter((path) => !exists(path, page))).toEqual([]);
});
