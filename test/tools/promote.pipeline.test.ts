import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environments, fileOf, imageIn, previous, promote, withImage } from "../../tools/promote.ts";
import { copyDeploy, placeholder } from "../support/overlays.ts";

const built = `ghcr.io/acme/demoapp-webapp:1.4.0@sha256:${"a1".repeat(32)}`;

/** The environment that follows dev. */
const [, second] = environments;

describe("promote, in a Git repository", () => {
  let folder: string;
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  const image = (environment: (typeof environments)[number]): string =>
    imageIn(readFileSync(join(folder, fileOf(environment)), "utf8"));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "promote-"));
    copyDeploy(folder);
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "-m", "initial");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("a build to dev, then to each next environment: one line of one file changes each time", () => {
    promote({ image: built, to: "dev" }, folder);
    for (const to of environments) {
      const from = previous(to);
      if (from !== undefined) promote({ from, to }, folder);
      expect(git("diff", "--numstat").trim()).toBe(`1\t1\t${fileOf(to)}`);
      expect(image(to)).toBe(built);
      git("commit", "--quiet", "-am", `promote to ${to}`);
    }
  });

  test("git revert of a promotion: restores the previous image", () => {
    promote({ image: built, to: "dev" }, folder);
    git("commit", "--quiet", "-am", "promote to dev");
    git("revert", "--no-edit", "HEAD");
    expect(image("dev")).toBe(placeholder);
  });

  test.each([
    [
      "that skips an environment",
      { from: "dev", to: "prod" },
      `a version is promoted to prod from ${previous("prod")}, not from dev`,
    ],
    [
      "that goes backwards",
      { from: "prod", to: second },
      `a version is promoted to ${second} from dev, not from prod`,
    ],
    [
      "of a named image to prod",
      { image: built, to: "prod" },
      `prod gets the image that ${previous("prod")} runs`,
    ],
    ["without a source", { to: second }, "name the source"],
    [
      "to an unknown environment",
      { from: "dev", to: "-" },
      `no environment "-": the environments are ${environments.join(", ")}`,
    ],
    ["without a digest", { image: "ghcr.io/acme/demoapp-webapp:1.4.0", to: "dev" }, "is not pinned"],
    ["with a second line", { image: `${built}\n  replicas: 0`, to: "dev" }, "is not pinned"],
    ["of an unpublished image", { from: "dev", to: second }, "is a placeholder"],
  ])("a promotion %s: refused, and nothing is written", (_, promotion, sentence) => {
    expect(() => promote(promotion, folder)).toThrow(sentence);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("the image that the environment already runs: refused", () => {
    promote({ image: built, to: "dev" }, folder);
    expect(() => promote({ image: built, to: "dev" }, folder)).toThrow("nothing to promote");
  });

  test.each([
    ["none", "", 0],
    ["two", `spec:\n  image: a\n  image: b\n`, 2],
  ])("a file with %s image lines: refused", (_, text, count) => {
    writeFileSync(join(folder, fileOf("dev")), text);
    expect(() => promote({ image: built, to: "dev" }, folder)).toThrow(`found ${count}`);
  });
});

test("a file with comments and other line endings: only the image changes", () => {
  const text = `# image: none\nspec:\r\n    image: a:1\n  # kept\n  env: []`;
  expect(withImage(text, built)).toBe(`# image: none\nspec:\r\n    image: ${built}\n  # kept\n  env: []`);
});
