import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { reasons } from "../../operator/api/reasons.ts";

describe("the page on DemoApp", () => {
  const page = readFileSync("docs/demoapp.md", "utf8");
  const section = page.split("\n## Reasons, and what to do\n")[1]?.split("\n## ")[0] ?? "";
  const [table = "", news = ""] = section.split("\nThe other reasons are news:");
  const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason = ""]) => reason);
  const others = [...news.matchAll(/`(\w+)`/g)].map(([, reason = ""]) => reason);

  test("has each reason once: in a row with what to do, or among the news", () => {
    expect([...rows, ...others].toSorted()).toEqual(Object.keys(reasons).toSorted());
  });
});
