// `node tools/ci/release.ts check` holds TAG against package.json, CHANGELOG.md, main and the commit's `ci-ok` before
// anything is built; `… files` writes what a release carries into dist/release: install.yaml with the operator IMAGE
// by digest, the CRD and the checksums of both, and beside it the notes; `… publish` makes the release out of those.
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { given, output, readJson, script } from "./outputs.ts";

const root = process.cwd();
/** What users download. */
const folder = join(root, "dist/release");
/** The release's text, which is none of its files. */
const notesFile = join(root, "dist/notes.md");

/** The version that a tag such as `v0.2.0` stands for; throws if the package says another. */
export function versionOf(tag: string, packageVersion: string): string {
  const [, version] = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag) ?? [];
  if (version === undefined) throw new Error(`"${tag}" is no release tag: v1.2.3 is one`);
  if (version !== packageVersion)
    throw new Error(`the tag is ${tag}, but package.json says ${packageVersion}: change it first`);
  return version;
}

/** What the changelog says of a version; throws if there is nothing to say. */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((one) => one.split(/[\s]/)[0]?.replaceAll(/[[\]]/g, "") === version);
  const text = section?.split("\n").slice(1).join("\n").trim() ?? "";
  if (text === "") throw new Error(`CHANGELOG.md has no text below "## ${version}"`);
  return `${text}\n`;
}

/** One line for each file, as `sha256sum --check` reads it. */
export const checksums = (files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): string =>
  files
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, bytes }) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`)
    .join("");

async function changelogNotes(version: string): Promise<string> {
  return notesOf(await readFile(join(root, "CHANGELOG.md"), "utf8"), version);
}

/** Throws unless the one required check of the commit is green: GitHub's answer for its check runs. */
export function demandGreen(answer: string): void {
  const { check_runs: runs } = JSON.parse(answer) as { check_runs: readonly { conclusion: string | null }[] };
  const [run] = runs;
  if (run?.conclusion !== "success")
    throw new Error(`ci-ok of this commit is ${run?.conclusion ?? "not there"}: release what main has built`);
}

/** Rejects unless main has the commit: on another branch its CI may be green too, and nobody has reviewed it. */
async function demandMerged(commit: string): Promise<void> {
  if (!(await succeeds(["git", "merge-base", "--is-ancestor", commit, "origin/main"])))
    throw new Error(`${commit} is not on main: merge it first, then tag what main has`);
}

/** The command that makes the release; a version such as 1.0.0-rc.1 is no newest one. */
export function publishing(tag: string, files: readonly string[]): readonly string[] {
  const kind = tag.includes("-") ? ["--prerelease"] : [];
  const assets = files.map((name) => join(folder, name));
  const text = ["--title", tag, "--notes-file", notesFile];
  return ["gh", "release", "create", tag, "--verify-tag", ...text, ...kind, ...assets];
}

/** Writes the files of a release whose operator is `image`. */
async function writeFiles(version: string, image: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await command(["npm", "run", "--silent", "install-yaml", "--", "--image", image], { cwd: root });
  await rename(join(root, "dist/install.yaml"), join(folder, "install.yaml"));
  await copyFile(join(root, "crds/demoapps.demoapp.dev.yaml"), join(folder, "demoapps.demoapp.dev.yaml"));
  await writeFile(notesFile, await changelogNotes(version));
  const names = await readdir(folder);
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
  );
  await writeFile(join(folder, "SHA256SUMS"), checksums(files));
}

async function main([what]: readonly string[]): Promise<void> {
  const { version: packaged } = readJson(join(root, "package.json")) as { version: string };
  const version = versionOf(given("TAG"), packaged);
  if (what === "check") {
    await changelogNotes(version);
    await demandMerged(given("GITHUB_SHA"));
    const runs = `repos/${given("GITHUB_REPOSITORY")}/commits/${given("GITHUB_SHA")}/check-runs?check_name=ci-ok`;
    demandGreen(await command(["gh", "api", runs]));
    output("version", version);
  } else if (what === "files") await writeFiles(version, given("IMAGE"));
  else if (what === "publish") await command(publishing(given("TAG"), await readdir(folder)));
  else throw new Error("say what to do: check, files, or publish");
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
