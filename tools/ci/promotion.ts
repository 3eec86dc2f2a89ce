// `node tools/ci/promotion.ts plan`: sets the output `image` to the image that the environment TO gets: IMAGE, or the
// image that the previous environment runs.
// `node tools/ci/promotion.ts open`: opens the pull request: one commit that changes one line of the tree in the current
// folder. The text has VERDICT, the sentence of verdict.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../cluster/command.ts";
import {
  type Environment,
  commitsIn,
  environmentOf,
  fileOf,
  imageIn,
  previous,
  promote,
  requirePublished,
} from "../promote.ts";
import { output, requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";
import { type PullRequest, findBranch, isAncestor, propose, proposedIn, rollOut } from "./pullrequest.ts";

/** The image that an environment gets: for the first a given build, else the image of the previous environment. */
export function imageFor(to: Environment, given: string, folder: string): string {
  const source = previous(to);
  if (source === undefined && given === "") throw new Error(`IMAGE must name the image that ${to} gets`);
  const image = source === undefined ? given : imageIn(readFileSync(join(folder, fileOf(source)), "utf8"));
  requirePublished(image);
  // `open` is given the verified image, which must still be the image to promote.
  if (given !== "" && given !== image)
    throw new Error(`${to} gets the image that ${source} runs: ${image}, not ${given}`);
  return image;
}

const branchOf = (to: Environment): string => `promote/${to}`;

/** The pull request for an image. Each environment has at most one open, for the newest image. */
export function pullRequestOf(to: Environment, image: string, current: string): PullRequest {
  const verdict = process.env.VERDICT ?? "";
  const [name = ""] = image.split("@");
  const version = name.split(":").at(-1) ?? "";
  const origin = previous(to) === undefined ? "a new build" : `the image that \`${previous(to)}\` runs`;
  return {
    file: fileOf(to),
    branch: branchOf(to),
    title: `Promote webapp ${version.slice(0, 12)} to ${to}`,
    body: [
      `\`${to}\` gets \`${image}\` (${origin}).`,
      "",
      `\`${to}\` now runs \`${current}\`. The new image is verified: this repository's workflow has built it from main.`,
      "",
      ...(verdict === "" ? [] : [verdict, ""]),
      rollOut,
    ].join("\n"),
  };
}

/** Whether an image was built from an older commit than another. False if the tag of one is a version. */
export async function isOlder(image: string, other: string, folder: string): Promise<boolean> {
  const [[commit], [otherCommit]] = [commitsIn(image), commitsIn(other)];
  return commit !== undefined && otherCommit !== undefined && isAncestor(commit, otherCommit, folder);
}

async function open(to: Environment, image: string, folder: string): Promise<void> {
  const file = fileOf(to);
  const current = imageIn(readFileSync(join(folder, file), "utf8"));
  if (current === image) return console.log(`  ${to} already runs ${image}`);
  const branch = await findBranch(branchOf(to), folder);
  const source = previous(to);
  const proposed = await proposedIn(file, branch, folder);
  const others = [current, ...(proposed === undefined ? [] : [imageIn(proposed)])];
  for (const other of source === undefined ? others : [])
    if (await isOlder(image, other, folder)) return console.log(`  ${image} is older than ${other}`);
  promote(source === undefined ? { image, to } : { from: source, to }, folder);
  const changed = await command(["git", "diff", "--numstat"], { cwd: folder });
  if (changed.trim() !== `1\t1\t${file}`)
    throw new Error(`the promotion changes more than one line:\n${changed}`);
  await propose(pullRequestOf(to, image, current), branch, folder);
}

async function main([action]: readonly string[]): Promise<void> {
  const to = environmentOf(requiredEnv("TO"));
  const folder = process.cwd();
  const image = imageFor(to, process.env.IMAGE ?? "", folder);
  if (action === "plan") return output("image", image);
  if (action === "open") return open(to, image, folder);
  throw new Error("name the action: plan, or open");
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
