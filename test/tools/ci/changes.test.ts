import { describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedFiles, workFor } from "../../../tools/ci/changes.ts";
import { environments, fileOf } from "../../../tools/promote.ts";
import { runScript } from "../../support/script.ts";

const root = join(import.meta.dirname, "../../..");

describe("workFor", () => {
  test.each(environments)("a promotion to %s: no build", (environment) => {
    expect(workFor([fileOf(environment)])).toEqual({ build: false, webapp: false });
  });

  test.each([
    ["a promotion and another file", [fileOf("dev"), "webapp/app.ts"]],
    ["another file of an overlay", ["deploy/webapp/overlays/dev/kustomization.yaml"]],
    ["a file with the name of an overlay's file", ["x/deploy/webapp/overlays/dev/demoapp.yaml"]],
    ["the documentation, which has tested examples", ["docs/webapp.md"]],
    ["no file, as in a repeated run", []],
    ["a change that Git doesn't know", undefined],
  ])("%s: build and test", (_, files) => {
    expect(workFor(files).build).toBe(true);
  });

  test("a file that Dockerfile.webapp copies: dev gets a new web app", () => {
    const copied = [
      ...readFileSync(join(root, "Dockerfile.webapp"), "utf8").matchAll(/^COPY (?!--|dist)(.+) \S+$/gm),
    ];
    const files = copied.flatMap(([, names = ""]) => names.split(" "));
    expect(files).toContain("webapp");
    for (const file of ["Dockerfile.webapp", ...files])
      expect([file, workFor([file === "webapp" ? "webapp/app.ts" : file]).webapp]).toEqual([file, true]);
  });

  test("only the operator: dev gets no new web app", () => {
    expect(workFor(["operator/main.ts", "Dockerfile.operator"])).toEqual({ build: true, webapp: false });
  });
});

test("a branch: its changes since it left main; an unknown base: all work is required", async () => {
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
    expect(await changedFiles("main", folder)).toEqual(["with space"]);
    for (const base of ["", "0".repeat(40), "f".repeat(40)])
      expect(await changedFiles(base, folder)).toBeUndefined();
    const printed = await runScript("tools/ci/changes.ts", { cwd: folder, env: { BASE: "main" } });
    expect(printed).toBe("  1 changed files\n  build=true\n  webapp=false\n");
    expect(await runScript("tools/ci/changes.ts", { cwd: folder, env: { BASE: "" } })).toContain(
      "webapp=true",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
