import { expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { expiryDates } from "../../tools/ci/scan.ts";

type Entry = {
  readonly id: string;
  readonly paths?: readonly string[];
  readonly statement?: string;
  readonly accepted_at?: string;
  readonly expired_at?: string;
};

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, ".trivyignore.yaml"), "utf8");
const accepted = parse(text) as Record<string, readonly Entry[]>;
const entries = Object.values(accepted).flat();

const days = (from = "", to = ""): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/**
 * The problem of an entry of the ignore file. Compares with `today` only so that time alone makes no entry wrong: the scan
 * is what fails after an entry has expired.
 */
function problem({ id, statement = "", accepted_at: from, expired_at: end }: Entry, today: string) {
  if (statement.length < 20) return `${id} has no reason`;
  if (!(days(from, today) >= 0)) return `${id} has no date of acceptance, or one in the future`;
  const valid = days(from, end);
  return valid > 0 && valid <= 184 ? undefined : `${id} must expire within half a year`;
}

test("every accepted finding: has a reason, and is accepted for at most half a year", () => {
  const today = new Date().toISOString();
  expect(entries.map((entry) => problem(entry, today)).filter(Boolean)).toEqual([]);
});

test("the scans: read the expiry date of every entry", () => {
  expect(expiryDates(text)).toEqual(entries.map(({ id, expired_at: end }) => [id, end]));
});

test("an accepted misconfiguration: names existing files", () => {
  for (const { id, paths = [] } of accepted.misconfigurations ?? [])
    expect([id, paths.map((path) => existsSync(join(root, path)))]).toEqual([id, [true]]);
});

const correct: Entry = {
  id: "CVE-1",
  statement: "the code is not reached here",
  accepted_at: "2026-11-24",
  expired_at: "2027-05-24",
};

test.each<[string, Partial<Entry>, string | undefined]>([
  ["correct", {}, undefined],
  ["accepted today", { accepted_at: "2026-12-01" }, undefined],
  ["that has expired since", { accepted_at: "2026-05-01", expired_at: "2026-11-01" }, undefined],
  ["without a reason", { statement: "" }, "CVE-1 has no reason"],
  [
    "without a date of acceptance",
    { accepted_at: "" },
    "CVE-1 has no date of acceptance, or one in the future",
  ],
  [
    "accepted in the future",
    { accepted_at: "2026-12-02" },
    "CVE-1 has no date of acceptance, or one in the future",
  ],
  ["without an expiry date", { expired_at: "" }, "CVE-1 must expire within half a year"],
  ["valid for years", { expired_at: "2030-01-01" }, "CVE-1 must expire within half a year"],
])("an entry %s: accepted or refused", (_, change, expected) => {
  expect(problem({ ...correct, ...change }, "2026-12-01")).toBe(expected);
});
