import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { missingTests, rowsOf } from "./testnames.ts";

test("docs/analysis.md: each row of `What happens if` names tests that exist", () => {
  const page = readFileSync("docs/analysis.md", "utf8");
  const rows = rowsOf((page.split("\n## What happens if\n")[1] ?? "").split("\n## ")[0] ?? "");
  expect(rows.length).toBeGreaterThan(10);
  for (const [row, , tests = ""] of rows) expect(`${row}: ${tests}`).toMatch(/: "[^"]/);
  expect(missingTests(rows.map(([, , tests = ""]) => tests))).toEqual([]);
});
