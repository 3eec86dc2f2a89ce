import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, environments, fileOf, imageIn, promote, withImage } from "../../tools/promote.ts";
import { copyDeploy, placeholder } from "../support/overlays.ts";

const built = `ghcr.io/acme/webapp:1.4.0@sha256:${"a1".repeat(32)}`;

/** Where a version goes from dev. */
const [, second] = environments;

describe("a promotion, in a Git repository,", () => {
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
    git("commit", "--quiet", "-m", "as it is");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("goes from a build to dev, to staging, to prod, each time as one line of one file", () => {
    promote({ image: built, to: "dev" }, folder);
    for (const to of environments) {
      const from = before(to);
      if (from !== undefined) promote({ from, to }, folder);
      expect(git("diff", "--numstat").trim()).toBe(`1\t1\t${fileOf(to)}`);
      expect(image(to)).toBe(built);
      git("commit", "--quiet", "-am", `promote to ${to}`);
    }
  });

  test("is undone by git revert", () => {
    promote({ image: built, to: "dev" }, folder);
    git("commit", "--quiet", "-am", "promote to dev");
    git("revert", "--no-edit", "HEAD");
    expect(image("dev")).toBe(placeholder);
  });

  test.each([
    [
      "skips an environment",
      { from: "dev", to: "prod" },
      `a version comes to prod from ${before("prod")}, not from dev`,
    ],
    ["goes backwards", { from: "prod", to: second }, `a version comes to ${second} from dev, not from prod`],
    ["names an image for prod", { image: built, to: "prod" }, `prod takes what ${before("prod")} runs`],
    ["comes from nowhere", { to: second }, "say what to promote"],
    ["goes nowhere", { from: "dev", to: "-" }, `no environment "-": there are ${environments.join(", ")}`],
    ["has no digest", { image: "ghcr.io/acme/webapp:1.4.0", to: "dev" }, "is not pinned"],
    ["has a second line", { image: `${built}\n  replicas: 0`, to: "dev" }, "is not pinned"],
    ["has not been published", { from: "dev", to: second }, "is a placeholder"],
  ])("that %s is refused and writes nothing", (_, wish, sentence) => {
    expect(() => promote(wish, folder)).toThrow(sentence);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("of what is there already is refused", () => {
    promote({ image: built, to: "dev" }, folder);
    expect(() => promote({ image: built, to: "dev" }, folder)).toThrow("nothing to promote");
  });

  test.each([
    ["none", "", 0],
    ["two", `spec:\n  image: a\n  image: b\n`, 2],
  ])("into a file with %s image lines is refused", (_, text, count) => {
    writeFileSync(join(folder, fileOf("dev")), text);
    expect(() => promote({ image: built, to: "dev" }, folder)).toThrow(`found ${count}`);
  });
});

test("what stands behind, before and around the image stays as it is, byte for byte", () => {
  const text = `# image: none\nspec:\r\n    image: a:1\n  # kept\n  env: []`;
  expect(withImage(text, built)).toBe(`# image: none\nspec:\r\n    image: ${built}\n  # kept\n  env: []`);
});
