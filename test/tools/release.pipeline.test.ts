import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notesOf, versionOf } from "../../tools/ci/release.ts";
import { requireNext, withSection } from "../../tools/release.ts";
import { gitEnvironment } from "../../tools/gitops/repository.ts";
import { runScript } from "../support/script.ts";
import { StubPrograms } from "../support/stubprograms.ts";

const root = join(import.meta.dirname, "../..");
const changed = [
  "CHANGELOG.md",
  "Dockerfile.operator",
  "Dockerfile.webapp",
  "deploy/operator/kustomization.yaml",
  "deploy/webapp/base/demoapp.yaml",
  "package-lock.json",
  "package.json",
];

describe("release.ts prepare", () => {
  const digest = `sha256:${"a1".repeat(32)}`;
  let tree: string;
  let programs: StubPrograms;
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: tree, encoding: "utf8", env: { ...process.env, ...gitEnvironment } });
  const prepare = (version: string): Promise<string> =>
    runScript(`tools/release.ts prepare ${version}`, { cwd: tree });
  const read = (file: string): string => readFileSync(join(tree, file), "utf8");

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "release-"));
    for (const file of changed) cpSync(join(root, file), join(tree, file), { recursive: true });
    // As before a release, whatever this tree is.
    writeFileSync(join(tree, "CHANGELOG.md"), "# Changelog\n\n## Unreleased\n\n- A change.\n");
    for (const program of ["operator", "webapp"]) {
      const file = join(tree, `Dockerfile.${program}`);
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/^(ARG \w+_IMAGE=\S+)@\S+$/gm, "$1"));
    }
    git("init", "--quiet", "-b", "main");
    git("add", ".");
    git("commit", "--quiet", "-m", "first");
    programs = new StubPrograms({ skopeo: `echo ${digest}` });
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("the present version, as for the first release: the release's own checks accept the tree", async () => {
    const { version } = JSON.parse(read("package.json")) as { version: string };
    expect(await prepare(version)).toContain(
      `git tag v${version} <the merged commit> && git push origin v${version}`,
    );
    expect(versionOf(`v${version}`, version)).toBe(version);
    expect(notesOf(read("CHANGELOG.md"), version)).toBe("- A change.\n");
  });

  test("the next version: every file that names the version, and both base images by digest", async () => {
    await prepare("9.0.0");
    expect(git("diff", "--name-only").trim().split("\n")).toEqual(changed);
    for (const file of changed) expect([file, read(file)]).toEqual([file, expect.stringMatching(/9\.0\.0/)]);
    for (const program of ["operator", "webapp"])
      expect(read(`Dockerfile.${program}`).match(/^ARG \w+_IMAGE=\S+@sha256:[0-9a-f]{64}$/gm)).toHaveLength(
        2,
      );
    const asked = programs.calls().length;
    git("commit", "--quiet", "--all", "-m", "9.0.0");
    await expect(prepare("9.0.0")).rejects.toThrow("has a section on 9.0.0 already");
    // Renovate updates a base image that has a digest.
    expect(programs.calls()).toHaveLength(asked);
  });

  test("a registry that doesn't answer: refused, and no file is changed", async () => {
    programs.remove();
    programs = new StubPrograms({ skopeo: "echo no such host >&2; exit 1" });
    await expect(prepare("9.0.0")).rejects.toThrow(/can't read the digest of .*node.*no such host/s);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("a tag that exists, or an uncommitted change: refused", async () => {
    git("tag", "v9.0.0");
    await expect(prepare("9.0.0")).rejects.toThrow("the tag v9.0.0 exists already");
    git("rm", "--quiet", "CHANGELOG.md");
    await expect(prepare("9.1.0")).rejects.toThrow("uncommitted changes");
  });
});

test("withSection: unreleased changes become the version's; without any, refused", () => {
  const changelog = "# Changelog\n\n## Unreleased\n\n- Faster.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n";
  expect(withSection(changelog, "0.2.0", "2026-02-01")).toContain(
    "## Unreleased\n\n## 0.2.0 (2026-02-01)\n\n- Faster.\n\n## 0.1.0",
  );
  expect(() => withSection(changelog.replace("- Faster.\n", ""), "0.2.0", "")).toThrow("has no text below");
});

test.each([
  ["0.2", "is not a version"],
  ["v0.2.0", "is not a version"],
  ["0.9.9", "is lower than 0.10.0"],
])("version %s after 0.10.0: refused", (version, sentence) => {
  expect(() => requireNext(version, "0.10.0")).toThrow(sentence);
  for (const next of ["0.10.0", "0.10.1", "0.11.0", "1.0.0", "0.10.0-rc.1"])
    expect(() => requireNext(next, "0.10.0")).not.toThrow();
});
