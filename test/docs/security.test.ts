import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { missingTests, rowsOf } from "./testnames.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/security.md"), "utf8");
const rows = rowsOf(page);

test("docs/security.md: each row of its tables names its tests, or says why there is none", () => {
  expect(rows.length).toBeGreaterThanOrEqual(30);
  for (const cells of rows) expect(cells.join(" | ")).toMatch(/\| ("[^"]|No test: )[^|]*$/);
});

test("docs/security.md: each test that it names exists", () => {
  expect(missingTests(rows.map((cells) => cells.at(-1) ?? ""))).toEqual([]);
});
