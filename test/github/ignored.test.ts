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

/** What is wrong with an entry of the ignore file, held against a day. */
function fault({ id, statement = "", expired_at: end }: Entry, today: number): string | undefined {
  if (statement.length < 20) return `${id} says no reason`;
  const days = (new Date(end ?? Number.NaN).getTime() - today) / 86_400_000;
  if (Number.isNaN(days)) return `${id} has no end`;
  return days < 0 || days > 184 ? `${id} must end within half a year from now, and not before` : undefined;
}

test("every accepted finding has a reason and an end", () => {
  const entries = Object.values(accepted).flat();
  expect(entries.map((entry) => fault(entry, Date.now())).filter(Boolean)).toEqual([]);
});

test("a misconfiguration is accepted in the files that it is known of, and nowhere else", () => {
  for (const { id, paths = [] } of accepted.misconfigurations ?? [])
    expect([id, paths.map((path) => existsSync(join(root, path)))]).toEqual([id, [true]]);
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
