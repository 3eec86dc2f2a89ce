// `node tools/ci/promotion.ts plan` says which image TO is to get (IMAGE, or what the environment before runs), and
// `node tools/ci/promotion.ts open` makes the pull request for it: one commit that moves one line of the tree in the
// current folder.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { type Environment, before, environmentOf, fileOf, imageIn, promote } from "../promote.ts";
import { given, output, script } from "./outputs.ts";
import { type PullRequest, findBranch, propose, proposedIn } from "./request.ts";

/** The image that an environment is to get: a build named for the first, else what the one before runs. */
export function imageFor(to: Environment, named: string, folder: string): string {
  const source = before(to);
  if (source === undefined && named === "") throw new Error(`say which image ${to} is to get: IMAGE`);
  const image = source === undefined ? named : imageIn(readFileSync(join(folder, fileOf(source)), "utf8"));
  // What has been verified is named too; it must still be what is promoted.
  if (named !== "" && named !== image)
    throw new Error(`${to} takes what ${source} runs: ${image}, not ${named}`);
  return image;
}

const branchOf = (to: Environment): string => `promote/${to}`;

/** The pull request that brings an image to an environment: one for each, always of the newest image. */
export function pullRequestOf(to: Environment, image: string, was: string): PullRequest {
  const [name = ""] = image.split("@");
  const version = name.split(":").at(-1) ?? "";
  return {
    file: fileOf(to),
    branch: branchOf(to),
    title: `Promote webapp ${version.slice(0, 12)} to ${to}`,
    body: [
      `\`${to}\` gets \`${image}\` (${before(to) === undefined ? "a new build" : `what \`${before(to)}\` runs`}).`,
      "",
      `It ran \`${was}\` before. The signature and the build's attestation of the new image have been verified.`,
      "",
      "Merge it to roll out; Argo CD syncs within minutes. To go back: `git revert` of the merged commit.",
    ].join("\n"),
  };
}

/** The commit that an image was built from, where its tag names one. */
const commitOf = (image: string): string | undefined => /:([0-9a-f]{40})@/.exec(image)?.[1];

/**
 * Whether an image was built before another. Each commit of main has a run of its own, and they end in any order. What
 * Git can't tell (a version as a tag, history that was rewritten) is not older.
 */
export async function isOlder(image: string, than: string, folder: string): Promise<boolean> {
  const [commit, other] = [commitOf(image), commitOf(than)];
  if (commit === undefined || other === undefined || commit === other) return false;
  return succeeds(["git", "-C", folder, "merge-base", "--is-ancestor", commit, other]);
}

async function open(to: Environment, image: string, folder: string): Promise<void> {
  const file = fileOf(to);
  const was = imageIn(readFileSync(join(folder, file), "utf8"));
  if (was === image) return console.log(`  ${to} runs ${image} already`);
  const at = await findBranch(branchOf(to), folder);
  const source = before(to);
  const proposed = await proposedIn(file, at, folder);
  const others = [was, ...(proposed === undefined ? [] : [imageIn(proposed)])];
  for (const other of source === undefined ? others : [])
    if (await isOlder(image, other, folder)) return console.log(`  ${image} is older than ${other}`);
  promote(source === undefined ? { image, to } : { from: source, to }, folder);
  const changed = await command(["git", "diff", "--numstat"], { cwd: folder });
  if (changed.trim() !== `1\t1\t${file}`) throw new Error(`more than one line has changed:\n${changed}`);
  await propose(pullRequestOf(to, image, was), at, folder);
}

async function main([what]: readonly string[]): Promise<void> {
  const to = environmentOf(given("TO"));
  const folder = process.cwd();
  const image = imageFor(to, process.env.IMAGE ?? "", folder);
  if (what === "plan") return output("image", image);
  if (what === "open") return open(to, image, folder);
  throw new Error("say what to do: plan, or open");
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
