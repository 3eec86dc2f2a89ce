import { describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedFiles, needsOf } from "../../../tools/ci/changes.ts";
import { environments, fileOf } from "../../../tools/promote.ts";
import { runScript } from "../../support/script.ts";

const root = join(import.meta.dirname, "../../..");

describe("what a change needs:", () => {
  test.each(environments)("a promotion to %s builds nothing", (environment) => {
    expect(needsOf([fileOf(environment)])).toEqual({ build: false, webapp: false });
  });

  test.each([
    ["beside a promotion something else", [fileOf("dev"), "webapp/app.ts"]],
    ["another file of an overlay", ["deploy/webapp/overlays/dev/kustomization.yaml"]],
    ["a file that is named like an overlay's", ["x/deploy/webapp/overlays/dev/demoapp.yaml"]],
    ["the documentation, whose examples are tested", ["docs/webapp.md"]],
    ["nothing, as when a run is asked for again", []],
    ["what Git can't tell", undefined],
  ])("%s is built and tested", (_, files) => {
    expect(needsOf(files).build).toBe(true);
  });

  test("a new web app goes to dev when something changes that its Dockerfile copies", () => {
    const copied = [
      ...readFileSync(join(root, "Dockerfile.webapp"), "utf8").matchAll(/^COPY (?!--|dist)(.+) \S+$/gm),
    ];
    const files = copied.flatMap(([, names = ""]) => names.split(" "));
    expect(files).toContain("webapp");
    for (const file of ["Dockerfile.webapp", ...files])
      expect([file, needsOf([file === "webapp" ? "webapp/app.ts" : file]).webapp]).toEqual([file, true]);
  });

  test("and stays away when only the operator changes", () => {
    expect(needsOf(["operator/main.ts", "Dockerfile.operator"])).toEqual({ build: true, webapp: false });
  });
});

test("Git tells what a branch changed since it left main, and nothing of a base that it doesn't know", async () => {
  const folder = mkdtempSync(join(tmpdir(), "changes-"));
  const git = (...args: readonly string[]): void => {
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: folder });
  };
  const commit = (file: string): void => {
    writeFileSync(join(folder, file), file);
    git("add", ".");
    git("commit", "--quiet", "-m", file);
  };
  try {
    git("init", "--quiet", "-b", "main");
    commit("first");
    git("switch", "--quiet", "-c", "branch");
    commit("with space");
    git("switch", "--quiet", "main");
    commit("later on main");
    git("switch", "--quiet", "branch");
    expect(changedFiles("main", folder)).toEqual(["with space"]);
    for (const base of ["", "0".repeat(40), "f".repeat(40)])
      expect(changedFiles(base, folder)).toBeUndefined();
    const told = await runScript("tools/ci/changes.ts", { cwd: folder, env: { BASE: "main" } });
    expect(told).toBe("  1 files changed\n  build=true\n  webapp=false\n");
    expect(await runScript("tools/ci/changes.ts", { cwd: folder, env: { BASE: "" } })).toContain(
      "webapp=true",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
