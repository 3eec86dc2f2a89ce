import { expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

type Entry = {
  readonly id: string;
  readonly paths?: readonly string[];
  readonly statement?: string;
  readonly expired_at?: string | Date;
};

const root = join(import.meta.dirname, "../..");
const accepted = parse(readFileSync(join(root, ".trivyignore.yaml"), "utf8")) as Record<
  string,
  readonly Entry[]
>;

/** The problem of an entry of the ignore file on a given day. */
function problem({ id, statement = "", expired_at: end }: Entry, today: number): string | undefined {
  if (statement.length < 20) return `${id} has no reason`;
  const days = (new Date(end ?? Number.NaN).getTime() - today) / 86_400_000;
  if (Number.isNaN(days)) return `${id} has no expiry date`;
  return days < 0 || days > 184 ? `${id} must expire within half a year, and not before today` : undefined;
}

test("every accepted finding: has a reason and an expiry date", () => {
  const entries = Object.values(accepted).flat();
  expect(entries.map((entry) => problem(entry, Date.now())).filter(Boolean)).toEqual([]);
});

test("an accepted misconfiguration: names existing files", () => {
  for (const { id, paths = [] } of accepted.misconfigurations ?? [])
    expect([id, paths.map((path) => existsSync(join(root, path)))]).toEqual([id, [true]]);
});

test.each<[string, Entry, string | undefined]>([
  [
    "correct",
    { id: "CVE-1", statement: "the code is not reached here", expired_at: "2026-12-31" },
    undefined,
  ],
  ["without a reason", { id: "CVE-1", expired_at: "2026-12-31" }, "CVE-1 has no reason"],
  [
    "without an expiry date",
    { id: "CVE-1", statement: "the code is not reached here" },
    "CVE-1 has no expiry date",
  ],
  [
    "expired",
    { id: "CVE-1", statement: "the code is not reached here", expired_at: "2026-11-01" },
    "CVE-1 must expire",
  ],
  [
    "valid for years",
    { id: "CVE-1", statement: "the code is not reached here", expired_at: "2030-01-01" },
    "CVE-1 must expire",
  ],
])("an entry, %s: accepted or refused", (_, entry, expected) => {
  const found = problem(entry, Date.parse("2026-11-24"));
  expect(found?.startsWith(expected ?? "-") ?? expected === undefined).toBe(true);
});
