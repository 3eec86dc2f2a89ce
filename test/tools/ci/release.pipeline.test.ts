import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  requireGreenCheck,
  requirePinnedBases,
  notesOf,
  createCommand,
  versionOf,
} from "../../../tools/ci/release.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const changelog = `# Changelog

## Unreleased

Not yet.

## 0.2.0 (2026-11-24)

Faster.

- One thing.

### Fixed

- Another.

## [0.1.0]

The first version.
`;

test("a version in the changelog: the notes are the text between its heading and the next", () => {
  expect(notesOf(changelog, "0.2.0")).toBe("Faster.\n\n- One thing.\n\n### Fixed\n\n- Another.\n");
  expect(notesOf(changelog, "0.1.0")).toBe("The first version.\n");
});

test.each(["0.3.0", "0.2", "0.20"])("version %s, which the changelog lacks: refused", (version) => {
  expect(() => notesOf(changelog, version)).toThrow(`no text below "## ${version}"`);
});

test("a tag: must be the version of package.json", () => {
  expect(versionOf("v0.2.0", "0.2.0")).toBe("0.2.0");
  expect(versionOf("v1.0.0-rc.1", "1.0.0-rc.1")).toBe("1.0.0-rc.1");
  expect(() => versionOf("v0.2.1", "0.2.0")).toThrow("package.json has version 0.2.0");
  for (const tag of ["0.2.0", "v0.2", "vnext", "v0.2.0 "])
    expect(() => versionOf(tag, "0.2.0")).toThrow("not a release tag");
});

/** GitHub's answer: a run of ci-ok by another app, and runs by GitHub Actions. */
const runs = (...conclusions: readonly (string | null)[]): string => {
  const run = (conclusion: string | null, slug = "github-actions") => ({ conclusion, app: { slug } });
  return JSON.stringify({ check_runs: [run("success", "other"), ...conclusions.map((one) => run(one))] });
};
test("ci-ok: every run by GitHub Actions must be green, and a run by another app doesn't count", () => {
  expect(() => requireGreenCheck(runs("success"))).not.toThrow();
  expect(() => requireGreenCheck(runs("success", "failure"))).toThrow("ci-ok of this commit is failure");
  expect(() => requireGreenCheck(runs("success", null))).toThrow("is not finished");
  expect(() => requireGreenCheck(runs())).toThrow("is missing");
});

test("a base image without a digest: refused", () => {
  const pinned = `ARG NODE_IMAGE=node:24@sha256:${"a1".repeat(32)}\nARG BUNDLE=build\n`;
  expect(() => requirePinnedBases(pinned)).not.toThrow();
  expect(() => requirePinnedBases(`${pinned}ARG RUNTIME_IMAGE=distroless:nonroot\n`)).toThrow(
    "the base image distroless:nonroot has no digest",
  );
});

test("createCommand: attaches every file, and marks a prerelease", () => {
  const argv = createCommand("v1.0.0-rc.1", ["SHA256SUMS", "install.yaml"]);
  expect(argv.slice(-3)).toEqual([
    "--prerelease",
    expect.stringMatching(/dist\/release\/SHA256SUMS$/),
    expect.stringMatching(/dist\/release\/install.yaml$/),
  ]);
  expect(createCommand("v1.0.0", [])).not.toContain("--prerelease");
});

describe("release.ts files and publish", () => {
  const operator = `ghcr.io/acme/demoapp-operator:0.2.0@sha256:${"a1".repeat(32)}`;
  let tree: string;
  let programs: StubPrograms;
  const release = (line: string, env: Record<string, string> = {}): Promise<string> =>
    runScript(line, { cwd: tree, env: { TAG: "v0.2.0", ...env } });
  /** The attached files: the paths at the end of the command. */
  const assets = (): string[] =>
    (programs.calls().find((call) => call.startsWith("gh release create")) ?? "")
      .split(" ")
      .filter((word) => word.startsWith(join(tree, "dist/release")));

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "release-"));
    mkdirSync(join(tree, "crds"));
    writeFileSync(join(tree, "crds/demoapps.demoapp.dev.yaml"), "kind: CustomResourceDefinition\n");
    writeFileSync(join(tree, "CHANGELOG.md"), changelog);
    writeFileSync(join(tree, "package.json"), '{"version":"0.2.0"}');
    // Stands in for `npm run install-yaml`, which other tests run.
    const install = 'mkdir -p dist && for last in "$@"; do :; done && echo "image: $last" >dist/install.yaml';
    programs = new StubPrograms({ npm: install, gh: "exit 0" });
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("the attached files: install.yaml and CRD with correct checksums, and no other file", async () => {
    await release("tools/ci/release.ts files", { IMAGE: operator });
    await release("tools/ci/release.ts publish");
    const folder = join(tree, "downloads");
    mkdirSync(folder);
    for (const asset of assets()) writeFileSync(join(folder, basename(asset)), readFileSync(asset));
    const printed = execFileSync("sha256sum", ["--check", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
    expect(printed).toBe("demoapps.demoapp.dev.yaml: OK\ninstall.yaml: OK\n");
    expect(
      assets()
        .map((asset) => basename(asset))
        .toSorted(),
    ).toEqual(["SHA256SUMS", "demoapps.demoapp.dev.yaml", "install.yaml"]);
  });

  test("a file has changed since the job that wrote it: no release", async () => {
    await release("tools/ci/release.ts files", { IMAGE: operator });
    writeFileSync(join(tree, "dist/release/install.yaml"), "another");
    await expect(release("tools/ci/release.ts publish")).rejects.toThrow(/install.yaml|checksum/);
    expect(assets()).toEqual([]);
  });

  test("install.yaml and notes: the operator by digest, and the text of the changelog", async () => {
    await release("tools/ci/release.ts files", { IMAGE: operator });
    await release("tools/ci/release.ts publish");
    expect(readFileSync(join(tree, "dist/release/install.yaml"), "utf8")).toContain(operator);
    const [, notes = ""] = /--notes-file (\S+)/.exec(programs.calls().join("\n")) ?? [];
    expect(readFileSync(notes, "utf8")).toBe(notesOf(changelog, "0.2.0"));
  });

  test.each([
    ["the release exists, as in a repeated run: nothing to do", "false", false],
    ["an interrupted run left a draft: the release is created", "true", true],
  ])("%s", async (_, isDraft, created) => {
    await release("tools/ci/release.ts files", { IMAGE: operator });
    programs.remove();
    programs = new StubPrograms({ gh: `[ "$2" != view ] || echo ${isDraft}` });
    await release("tools/ci/release.ts publish");
    expect(assets().length > 0).toBe(created);
  });
});

describe("release.ts images", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const digest = `sha256:${createHash("sha256").update("published\n").digest("hex")}`;
  let programs: StubPrograms;
  afterEach(() => programs.remove());
  /** Runs the script; `skopeo inspect` of the tag of the commit, and of the version, run these commands. */
  const images = (byCommit: string, byVersion: string, cosign = "exit 0"): Promise<string> => {
    const tree = mkdtempSync(join(tmpdir(), "release-"));
    writeFileSync(join(tree, "package.json"), '{"version":"0.2.0"}');
    const [copied, published] = [join(tree, "copied"), "echo published"];
    const inspect = `case "$*" in *:${commit}*) ${byCommit};; *:0.2.0*) [ -e ${copied} ] && ${published} || { ${byVersion}; };; esac`;
    const skopeo = `if [ "$1" = copy ]; then touch ${copied}; else ${inspect}; fi`;
    programs = new StubPrograms({ skopeo, cosign, gh: "exit 0" });
    const env = { TAG: "v0.2.0", REGISTRY: "ghcr.io/Acme", GITHUB_REPOSITORY: "Acme/demoapp-operator" };
    return runScript("tools/ci/release.ts images", { cwd: tree, env: { ...env, GITHUB_SHA: commit } });
  };
  const missing = "echo manifest unknown >&2; exit 1";
  const copies = (): string[] => programs.calls().filter((call) => call.startsWith("skopeo copy"));

  test("both images are published for the commit: verified, then tagged with the version, by the same digest", async () => {
    const printed = await images("echo published", missing);
    for (const [program, name] of [
      ["operator", "demoapp-operator"],
      ["webapp", "demoapp-webapp"],
    ] as const)
      expect(printed).toContain(`  ${program}=ghcr.io/acme/${name}:0.2.0@${digest}\n`);
    const calls = programs.calls();
    expect(calls.findLastIndex((call) => call.startsWith("cosign verify"))).toBeLessThan(
      calls.findIndex((call) => call.startsWith("skopeo copy")),
    );
    expect(copies()[0]).toContain(`docker://ghcr.io/acme/demoapp-operator@${digest}`);
  });

  test("a repeated run: tags nothing anew", async () => {
    expect(await images("echo published", "echo published")).toContain("operator=");
    expect(copies()).toEqual([]);
  });

  test.each([
    [
      "CI has published no image of the commit",
      [missing, missing],
      "CI has published no ghcr.io/acme/demoapp",
    ],
    ["the version is the tag of another image", ["echo published", "echo other"], "is not moved to"],
    ["a signature is not valid", ["echo published", missing, "echo no match >&2; exit 1"], "no match"],
  ] as const)("%s: refused, and nothing is tagged", async (_, [byCommit, byVersion, cosign], sentence) => {
    await expect(images(byCommit, byVersion, cosign)).rejects.toThrow(sentence);
    expect(copies()).toEqual([]);
  });
});

describe("release.ts check", () => {
  let tree: string;
  let programs: StubPrograms;
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: tree,
      encoding: "utf8",
    }).trim();
  const check = (): Promise<string> => {
    const names = { TAG: "v0.2.0", GITHUB_REPOSITORY: "acme/demoapp-operator" };
    const env = { ...names, GITHUB_SHA: git("rev-parse", "HEAD") };
    return runScript("tools/ci/release.ts check", { cwd: tree, env });
  };

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "release-"));
    writeFileSync(join(tree, "CHANGELOG.md"), changelog);
    writeFileSync(join(tree, "package.json"), '{"version":"0.2.0"}');
    for (const program of ["operator", "webapp"])
      writeFileSync(join(tree, `Dockerfile.${program}`), "FROM scratch\n");
    git("init", "--quiet", "-b", "main");
    git("add", ".");
    git("commit", "--quiet", "-m", "merged");
    git("update-ref", "refs/remotes/origin/main", "HEAD");
    programs = new StubPrograms({ gh: `echo '${runs("success")}'` });
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("a commit of main, the newest or an older one: accepted", async () => {
    await check();
    const tagged = git("rev-parse", "HEAD");
    const next = git("commit-tree", "-p", "HEAD", "-m", "next", "HEAD^{tree}");
    git("update-ref", "refs/remotes/origin/main", next);
    expect(git("rev-parse", "HEAD")).toBe(tagged);
    await check();
  });

  test("a commit of another branch with green CI: refused", async () => {
    git("commit", "--quiet", "--allow-empty", "-m", "unmerged");
    await expect(check()).rejects.toThrow("is not on main: merge first");
  });
});
