import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { reasons } from "../../operator/api/reasons.ts";

describe("docs/demoapp.md", () => {
  const page = readFileSync("docs/demoapp.md", "utf8");
  const section = page.split("\n## Reasons, and what to do\n")[1]?.split("\n## ")[0] ?? "";
  const [table = "", rest = ""] = section.split("\nThe other reasons need no action:");
  const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason = ""]) => reason);
  const others = [...rest.matchAll(/`(\w+)`/g)].map(([, reason = ""]) => reason);

  test("has each reason once: in a row with the action, or in the list of reasons that need no action", () => {
    expect([...rows, ...others].toSorted()).toEqual(Object.keys(reasons).toSorted());
  });
});
