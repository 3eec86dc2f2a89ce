import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { changedFiles, workFor } from "../../../tools/ci/changes.ts";
import { environments, fileOf } from "../../../tools/promote.ts";
import { runScript } from "../../support/script.ts";

const root = join(import.meta.dirname, "../../..");

describe("workFor", () => {
  test.each(environments)("a promotion to %s: no test and no build", (environment) => {
    expect(workFor([fileOf(environment)])).toEqual({ test: false, build: false, webapp: false });
  });

  test.each([
    ["a promotion and another file", [fileOf("dev"), "webapp/app.ts"]],
    ["another file of an overlay", ["deploy/webapp/overlays/dev/kustomization.yaml"]],
    ["a file with the name of an overlay's file", ["x/deploy/webapp/overlays/dev/demoapp.yaml"]],
    ["documentation and another file", ["docs/webapp.md", "operator/main.ts"]],
    ["a workflow", [".github/workflows/ci.yaml"]],
    ["no file, as in a repeated run", []],
    ["a change that Git doesn't know", undefined],
  ])("%s: build and test", (_, files) => {
    expect(workFor(files)).toMatchObject({ test: true, build: true });
  });

  test.each(["docs/webapp.md", "README.md", "LICENSE", ".github/CODEOWNERS"])(
    "%s: unit tests, and no build",
    (file) => {
      expect(workFor([file, fileOf("dev")])).toEqual({ test: true, build: false, webapp: false });
    },
  );

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
    expect(workFor(["operator/main.ts", "Dockerfile.operator"])).toMatchObject({
      build: true,
      webapp: false,
    });
  });
});

describe("changes.ts", () => {
  let folder: string;
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: folder,
      encoding: "utf8",
    }).trim();
  /** Commits a file with the given content. Returns the commit. */
  const commit = (file: string, content = file): string => {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), content);
    git("add", ".");
    git("commit", "--quiet", "--allow-empty", "-m", file);
    return git("rev-parse", "HEAD");
  };
  const imageOf = (built: string): string =>
    `spec:\n  image: ghcr.io/acme/demoapp-webapp:${built}@sha256:${"a1".repeat(32)}\n`;
  const changes = (env: Record<string, string>): Promise<string> =>
    runScript("tools/ci/changes.ts", { cwd: folder, env });
  /** The output `webapp` of a push to main that changed only the newest commit. */
  const offered = async (): Promise<string | undefined> => {
    const printed = await changes({ GITHUB_EVENT_NAME: "push", BASE: git("rev-parse", "HEAD~1") });
    return /webapp=(\w+)/.exec(printed)?.[1];
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "changes-"));
    git("init", "--quiet", "-b", "main");
    commit("package.json", '{"version":"0.2.0"}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("a branch: its changes since it left main; an unknown base: all work is required", async () => {
    git("switch", "--quiet", "-c", "branch");
    const head = commit("with space");
    git("switch", "--quiet", "main");
    commit("later on main");
    git("switch", "--quiet", "branch");
    expect(await changedFiles("main", folder)).toEqual(["with space"]);
    for (const base of ["", "0".repeat(40), "f".repeat(40)])
      expect(await changedFiles(base, folder)).toBeUndefined();
    const version = `0.2.0+${head.slice(0, 12)}`;
    const outputs = `  test=true\n  build=true\n  webapp=false\n  version=${version}\n`;
    expect(await changes({ BASE: "main" })).toBe(`  1 changed files\n${outputs}`);
    expect(await changes({ BASE: "" })).toContain("changed files unknown");
  });

  test("no web app was ever offered: a push offers its web app", async () => {
    commit("docs/page.md");
    expect(await offered()).toBe("true");
  });

  test("the run of a web app's commit has failed: the next commit offers the web app, and builds it", async () => {
    const first = commit("webapp/app.ts", "1");
    commit(fileOf("dev"), imageOf(first));
    commit("docs/page.md");
    expect(await offered()).toBe("false");
    commit("webapp/app.ts", "2");
    expect(await offered()).toBe("true");
    // That run fails.
    commit("docs/page.md", "more");
    expect(await offered()).toBe("true");
    const push = { GITHUB_EVENT_NAME: "push", BASE: git("rev-parse", "HEAD~1") };
    expect(await changes(push)).toContain("test=true\n  build=true\n");
    expect(await changes({ ...push, GITHUB_EVENT_NAME: "pull_request" })).toContain("build=false");
  });

  test("the pull request for dev is open: a commit that leaves the web app alone offers nothing", async () => {
    commit(fileOf("dev"), imageOf(commit("webapp/app.ts", "1")));
    const second = commit("webapp/app.ts", "2");
    git("switch", "--quiet", "-c", "promote/dev");
    const proposal = commit(fileOf("dev"), imageOf(second));
    git("update-ref", "refs/remotes/origin/promote/dev", proposal);
    git("switch", "--quiet", "main");
    commit("docs/page.md");
    expect(await offered()).toBe("false");
    commit("webapp/app.ts", "3");
    expect(await offered()).toBe("true");
  });

  test("dev was rolled back by a revert: the rejected web app is not offered again", async () => {
    commit(fileOf("dev"), imageOf(commit("webapp/app.ts", "1")));
    commit(fileOf("dev"), imageOf(commit("webapp/app.ts", "2")));
    git("revert", "--no-edit", "HEAD");
    commit("docs/page.md");
    expect(await offered()).toBe("false");
  });

  test("a repeated run of an older commit: offers nothing", async () => {
    const [older, newer] = [commit("webapp/app.ts", "1"), commit("webapp/app.ts", "2")];
    const merged = commit(fileOf("dev"), imageOf(newer));
    git("update-ref", "refs/remotes/origin/promote/dev", merged);
    git("switch", "--quiet", "--detach", older);
    expect(await offered()).toBe("false");
  });
});
