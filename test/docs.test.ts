import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { validate } from "../operator/api/validate.ts";

const root = join(import.meta.dirname, "..");
const pages = ["", "docs"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((name) => name.endsWith(".md"));

/** The documents in a page's YAML blocks; blocks in lists are indented. */
const documentsIn = (text: string) =>
  [...text.matchAll(/^( *)```ya?ml\n([^]*?)```/gm)].flatMap(([, indent = "", block = ""]) =>
    parseAllDocuments(block.replaceAll(new RegExp(`^${indent}`, "gm"), "")),
  );

/** The DemoApps in a page's YAML blocks. */
const demoAppsIn = (text: string): unknown[] =>
  documentsIn(text)
    .map((document): unknown => document.toJS())
    .filter((document) => JSON.stringify(document).includes('"kind":"DemoApp"'));

test.each(pages.map((page) => ({ page })))("$page: every YAML block is valid YAML", ({ page }) => {
  expect(documentsIn(readFileSync(join(root, page), "utf8")).flatMap(({ errors }) => errors)).toEqual([]);
});

test.each(pages.map((page) => ({ page })))("$page: every complete DemoApp is valid", ({ page }) => {
  const apps = demoAppsIn(readFileSync(join(root, page), "utf8"));
  expect(apps.map(validate).filter(({ ok }) => !ok)).toEqual([]);
});

test("docs/demoapp.md: contains complete DemoApps", () => {
  expect(demoAppsIn(readFileSync(join(root, "docs/demoapp.md"), "utf8")).length).toBeGreaterThan(1);
});
