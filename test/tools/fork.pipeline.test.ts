import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gitEnvironment } from "../../tools/gitops/repository.ts";
import { command } from "../../tools/cluster/command.ts";
import { withRelease } from "../../tools/ci/operator.ts";
import { StubPrograms } from "../support/stubprograms.ts";
import { copyTree } from "../support/tree.ts";

const root = join(import.meta.dirname, "../..");
let folder: string;
const run = (...argv: readonly string[]): Promise<string> =>
  command(argv, { cwd: folder, env: gitEnvironment });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fork-"));
  copyTree(folder);
  for (const argv of ["git init --quiet -b main", "git add .", "git commit --quiet -m fork"])
    await run(...argv.split(" "));
  // Hard links: esbuild would name the files of a linked folder by their real paths.
  await run("cp", "--archive", "--link", join(root, "node_modules"), "node_modules");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("npm run fork: no file outside test/ names the old owner, and the new one is named in its place", async () => {
  const printed = await run(
    "npm",
    "run",
    "--silent",
    "fork",
    "--",
    "--owner",
    "Some-Org",
    "--repo",
    "my-apps",
    "--personal",
  );
  expect(printed).toContain("docs/first-day.md");
  const left = execFileSync("git", ["grep", "-n", "-i", "acme", "--", ":!test"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(
    left.split("\n").filter((line) => line !== "" && !examples.some((one) => line.startsWith(one))),
  ).toEqual([]);
  expect(readFileSync(join(folder, "deploy/argocd/apps/settings.yaml"), "utf8")).toContain(
    "repoURL: https://github.com/Some-Org/my-apps.git\n",
  );
});

/** Lines that name the owner as an example. */
const examples = ["tools/fork.ts:", "deploy/argocd/resource_customizations/"];

test("its first release and promotions: written by their commands", async () => {
  const digest = `sha256:${"a1".repeat(32)}`;
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const programs = new StubPrograms({ skopeo: `echo ${digest}` });
  await run("git", "commit", "--quiet", "--all", "--message", "Fork");
  // This tree may be a release itself.
  const text = readFileSync(join(folder, "CHANGELOG.md"), "utf8").replaceAll(`## ${version} `, "## 0.0.0 ");
  writeFileSync(
    join(folder, "CHANGELOG.md"),
    text.replace("## Unreleased\n", "## Unreleased\n\nA change.\n"),
  );
  await run("git", "commit", "--quiet", "--all", "--message", "Change");
  await run("npm", "run", "--silent", "release", "--", "prepare", version);
  programs.remove();
  const commit = (await run("git", "rev-parse", "HEAD")).trim();
  const image = `ghcr.io/some-org/demoapp-webapp:${commit}@${digest}`;
  for (const source of [`--image ${image} --to dev`, "--from dev --to staging", "--from staging --to prod"])
    await run("npm", "run", "--silent", "promote", "--", ...source.split(" "));
  const settings = join(folder, "deploy/argocd/apps/settings.yaml");
  const operator = {
    image: `ghcr.io/some-org/demoapp-operator:${version}@${digest}`,
    revision: commit,
    tag: "v1",
  };
  writeFileSync(settings, withRelease(readFileSync(settings, "utf8"), operator));
  await run("git", "commit", "--quiet", "--all", "--message", "Release and promote");
});

test("the fork, released and promoted: passes every check and the checkers of workflows and manifests", async () => {
  // The checks print failures to stdout, jest to stderr.
  await run("sh", "-c", "npm run --silent check >&2");
  await run("sh", "-c", "TIER=pipeline npx jest test/github/checkers test/deploy");
});

test("the fork's next release on the job graph: runs, with the fork's images", async () => {
  await run("sh", "-c", 'TIER=pipeline npx jest test/github/graph --testNamePattern "the tag of a release"');
});
