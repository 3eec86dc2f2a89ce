import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { reasons } from "../../operator/api/reasons.ts";

describe("the page on DemoApp", () => {
  const page = readFileSync("docs/demoapp.md", "utf8");

  test.each(Object.keys(reasons))("explains %s", (reason) => {
    expect(page).toContain(`\`${reason}\``);
  });
});
