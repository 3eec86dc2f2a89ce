import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

type Entry = { readonly id: string; readonly statement?: string; readonly expired_at?: string | Date };

/** What is wrong with an entry of the ignore file, held against a day. */
function fault({ id, statement = "", expired_at: end }: Entry, today: number): string | undefined {
  if (statement.length < 20) return `${id} says no reason`;
  const days = (new Date(end ?? Number.NaN).getTime() - today) / 86_400_000;
  if (Number.isNaN(days)) return `${id} has no end`;
  return days < 0 || days > 184 ? `${id} must end within half a year from now, and not before` : undefined;
}

test("every accepted finding has a reason and an end", () => {
  const text = readFileSync(join(import.meta.dirname, "../../.trivyignore.yaml"), "utf8");
  const entries = Object.values(parse(text) as Record<string, readonly Entry[]>).flat();
  expect(entries.map((entry) => fault(entry, Date.now())).filter(Boolean)).toEqual([]);
});

test.each<[string, Entry, string | undefined]>([
  [
    "is right",
    { id: "CVE-1", statement: "the code is not reached here", expired_at: "2026-12-31" },
    undefined,
  ],
  ["says no reason", { id: "CVE-1", expired_at: "2026-12-31" }, "CVE-1 says no reason"],
  ["never ends", { id: "CVE-1", statement: "the code is not reached here" }, "CVE-1 has no end"],
  [
    "is over",
    { id: "CVE-1", statement: "the code is not reached here", expired_at: "2026-11-01" },
    "CVE-1 must end",
  ],
  [
    "is for ever",
    { id: "CVE-1", statement: "the code is not reached here", expired_at: "2030-01-01" },
    "CVE-1 must end",
  ],
])("an entry that %s is told apart", (_, entry, expected) => {
  const found = fault(entry, Date.parse("2026-11-24"));
  expect(found?.startsWith(expected ?? "-") ?? expected === undefined).toBe(true);
});
