// `node tools/ci/release.ts check`: checks before the build that TAG agrees with package.json and CHANGELOG.md, that main
// has the commit, that every run of the commit's check `ci-ok` is green, and that the base images are pinned by digest.
// `node tools/ci/release.ts images`: verifies the images that CI has published for the commit, and adds the version as
// their tag. Nothing is built anew: the release is what was tested.
// `node tools/ci/release.ts files`: writes the files of a release to dist/release: install.yaml with the operator IMAGE by
// digest, the CRD, and the checksums of both. Writes the release notes beside this folder.
// `node tools/ci/release.ts publish`: verifies the checksums, and creates the release on GitHub from these files.
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { output, readJson, requiredEnv } from "./outputs.ts";
import { published, tag } from "./publish.ts";
import { script } from "../script.ts";
import { verify } from "./verify.ts";

const root = process.cwd();
/** The files that users download. */
const folder = join(root, "dist/release");
/** The release notes: the text of the release, not one of its files. */
const notesFile = join(root, "dist/notes.md");

/** The version that a tag such as `v0.2.0` names. Throws if package.json has another version. */
export function versionOf(tag: string, packageVersion: string): string {
  const [, version] = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag) ?? [];
  if (version === undefined) throw new Error(`"${tag}" is not a release tag such as v1.2.3`);
  if (version !== packageVersion)
    throw new Error(
      `the tag is ${tag}, but package.json has version ${packageVersion}: change package.json first`,
    );
  return version;
}

/** The changelog's section on a version. Throws if the section is missing or empty. */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((one) => one.split(/[\s]/)[0]?.replaceAll(/[[\]]/g, "") === version);
  const text = section?.split("\n").slice(1).join("\n").trim() ?? "";
  if (text === "") throw new Error(`CHANGELOG.md has no text below "## ${version}"`);
  return `${text}\n`;
}

async function changelogNotes(version: string): Promise<string> {
  return notesOf(await readFile(join(root, "CHANGELOG.md"), "utf8"), version);
}

/** A check run on a commit. The conclusion is null while it runs. */
interface CheckRun {
  readonly conclusion: string | null;
  readonly app: { readonly slug: string } | null;
}

/**
 * Throws unless all runs of the required check `ci-ok` have succeeded, by GitHub's list of the commit's check runs (JSON).
 * Any app can report a check of this name: only runs by GitHub Actions count. Each workflow run adds one.
 */
export function requireGreenCheck(answer: string): void {
  const { check_runs: runs } = JSON.parse(answer) as { check_runs: readonly CheckRun[] };
  const conclusions = runs
    .filter(({ app }) => app?.slug === "github-actions")
    .map(({ conclusion }) => conclusion ?? "not finished");
  const problem = conclusions.length === 0 ? "missing" : conclusions.find((one) => one !== "success");
  if (problem !== undefined)
    throw new Error(
      `the check ci-ok of this commit is ${problem}: release a commit of main whose check is green`,
    );
}

/** Throws unless each base image of a Dockerfile has a digest: a tag can become another image between two builds. */
export function requirePinnedBases(dockerfile: string): void {
  for (const [, image] of dockerfile.matchAll(/^ARG \w+_IMAGE=(\S+)$/gm))
    if (!/@sha256:[0-9a-f]{64}$/.test(image ?? ""))
      throw new Error(`the base image ${image} has no digest: npm run release -- prepare adds it`);
}

/** Rejects unless main has the commit: a commit of another branch can be green without review. */
async function requireOnMain(commit: string): Promise<void> {
  if (!(await succeeds(["git", "merge-base", "--is-ancestor", commit, "origin/main"])))
    throw new Error(`${commit} is not on main: merge first, then tag a commit of main`);
}

/** The images of a release, below REGISTRY, and the outputs that name them. */
const images = { operator: "demoapp-operator", webapp: "demoapp-webapp" };

/** Tags the images of a commit with the version. Rejects, before the first tag, unless both are published and signed. */
async function tagImages(commit: string, version: string): Promise<void> {
  const found = await Promise.all(
    Object.entries(images).map(async ([program, name]) => {
      const repository = `${requiredEnv("REGISTRY").toLowerCase()}/${name}`;
      const digest = await published({ repository }, commit);
      if (digest === undefined)
        throw new Error(
          `CI has published no ${repository}:${commit}: tag the commit that "npm run release -- prepare" has made`,
        );
      return { program, repository, digest };
    }),
  );
  for (const { repository, digest } of found) await verify(`${repository}@${digest}`);
  for (const { program, repository, digest } of found) {
    await tag({ repository }, digest, version);
    output(program, `${repository}:${version}@${digest}`);
  }
}

/** Whether GitHub has the release, as in a repeated run. A draft remains from an interrupted run, and doesn't count. */
async function exists(tagName: string): Promise<boolean> {
  const view = ["gh", "release", "view", tagName, "--json", "isDraft", "--jq", ".isDraft"];
  // If GitHub can't be reached, `gh release create` fails too.
  return (await command(view).catch(() => "")).trim() === "false";
}

/** Creates the release unless it exists, if the files are as the job that wrote them left them. */
async function publish(tagName: string): Promise<void> {
  if (await exists(tagName)) return console.log(`  the release ${tagName} exists`);
  await command(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: folder });
  await command(createCommand(tagName, await readdir(folder)));
}

/** The command that creates the release. A version such as 1.0.0-rc.1 becomes a prerelease. */
export function createCommand(tag: string, files: readonly string[]): readonly string[] {
  const kind = tag.includes("-") ? ["--prerelease"] : [];
  const assets = files.map((name) => join(folder, name));
  const text = ["--title", tag, "--notes-file", notesFile];
  return ["gh", "release", "create", tag, "--verify-tag", ...text, ...kind, ...assets];
}

/** Writes the files of a release that runs `image` as its operator. */
async function writeFiles(version: string, image: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await command(["npm", "run", "--silent", "install-yaml", "--", "--image", image], { cwd: root });
  await rename(join(root, "dist/install.yaml"), join(folder, "install.yaml"));
  await copyFile(join(root, "crds/demoapps.demoapp.dev.yaml"), join(folder, "demoapps.demoapp.dev.yaml"));
  await writeFile(notesFile, await changelogNotes(version));
  const sums = await command(["sha256sum", ...(await readdir(folder)).toSorted()], { cwd: folder });
  await writeFile(join(folder, "SHA256SUMS"), sums);
}

async function main([action]: readonly string[]): Promise<void> {
  const { version: packaged } = readJson(join(root, "package.json")) as { version: string };
  const version = versionOf(requiredEnv("TAG"), packaged);
  if (action === "check") {
    await changelogNotes(version);
    for (const program of Object.keys(images))
      requirePinnedBases(await readFile(join(root, `Dockerfile.${program}`), "utf8"));
    await requireOnMain(requiredEnv("GITHUB_SHA"));
    const runs = `repos/${requiredEnv("GITHUB_REPOSITORY")}/commits/${requiredEnv("GITHUB_SHA")}/check-runs?check_name=ci-ok&per_page=100`;
    requireGreenCheck(await command(["gh", "api", runs]));
  } else if (action === "images") await tagImages(requiredEnv("GITHUB_SHA"), version);
  else if (action === "files") await writeFiles(version, requiredEnv("IMAGE"));
  else if (action === "publish") await publish(requiredEnv("TAG"));
  else throw new Error("name the action: check, images, files, or publish");
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
