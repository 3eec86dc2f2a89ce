import { describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { root } from "./workflow.ts";

type Manager = {
  readonly description: string;
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
};
type Config = { readonly minimumReleaseAge: string; readonly customManagers: readonly Manager[] };

// JSON5 is a subset of JavaScript.
const text = readFileSync(join(root, ".github/renovate.json5"), "utf8");
const config = runInNewContext(`(${text})`) as Config;
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
}).split("\n");

describe("Renovate", () => {
  test("new versions: taken after three days", () => {
    expect(config.minimumReleaseAge).toBe("3 days");
  });

  test.each([...config.customManagers])("the pattern for $description: matches a version", (manager) => {
    for (const pattern of manager.managerFilePatterns) {
      const named = files.filter((file) => new RegExp(pattern.slice(1, -1)).test(file));
      const texts = named.map((file) => readFileSync(join(root, file), "utf8"));
      const found = texts.flatMap((one) =>
        manager.matchStrings.flatMap((match) => [...one.matchAll(new RegExp(match, "g"))]),
      );
      expect(found.map(({ groups }) => groups?.currentValue)).toContainEqual(
        expect.stringMatching(/^v?\d+\.\d+/),
      );
    }
  });
});
