import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { type Evidence, noEvidence, verdictFrom, withLook } from "../../../operator/core/evidence.ts";

// In a process of its own: in jest's contexts, `Math` is ten times as slow.
test("2,000 histories of each situation: decided as often and as fast as promised, and docs/analysis.md has the table", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["tools/evidence/main.ts"]);
  const page = readFileSync("docs/analysis.md", "utf8");
  const [, shown] =
    /<!-- prettier-ignore-start -->\n\n(.*?)\n\n<!-- prettier-ignore-end -->/s.exec(page) ?? [];
  expect(stdout.trim().split("\n")).toEqual(shown?.split("\n"));
  expect(stdout).not.toContain("broken");
}, 120_000);

const limits = { max: 0.01, maxRatioToStable: 2, metrics: 1 };

/** The evidence after equal looks without failures. */
function after(looks: number, n: number): Evidence {
  const look = { n, x: 0, m: n, y: 0, isStableDown: false };
  return Array.from({ length: looks }).reduce(
    (before: Evidence) => withLook(before, look, limits),
    noEvidence,
  );
}

test("without a failure, 352 requests pass at a limit of 1 %", () => {
  expect(verdictFrom(after(11, 32), limits)).toBe("Passed");
  expect(verdictFrom(after(11, 31), limits)).toBe("Undecided");
});

test("after thousands of looks, the evidence is a finite number", () => {
  const { belowLimit, overLimit } = after(5_000, 1_000);
  expect([...belowLimit, ...overLimit].every(Number.isFinite)).toBe(true);
});

test("a limit of 100 %: a version that fails some of its requests passes", () => {
  const all = { ...limits, max: 1 };
  const look = { n: 100, x: 5, m: 100, y: 5, isStableDown: false };
  const evidence = Array.from({ length: 7 }).reduce(
    (before: Evidence) => withLook(before, look, all),
    noEvidence,
  );
  expect(Object.values(evidence).flat().every(Number.isFinite)).toBe(true);
  expect(verdictFrom(evidence, all)).toBe("Passed");
});
