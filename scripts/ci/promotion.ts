// `node scripts/ci/promotion.ts plan` says which image TO is to get (IMAGE, or what the environment before runs), and
// `node scripts/ci/promotion.ts open` makes the pull request for it: one commit that moves one line of the tree in the
// current folder.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../test/cluster/command.ts";
import { type Environment, before, environmentOf, fileOf, imageIn, promote } from "../promote.ts";
import { given, output, script } from "./outputs.ts";

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

/** A pull request, in words. */
export interface PullRequest {
  readonly branch: string;
  readonly title: string;
  readonly body: string;
}

/** The pull request that brings an image to an environment: one for each, always of the newest image. */
export function pullRequestOf(to: Environment, image: string, was: string): PullRequest {
  const [name = ""] = image.split("@");
  const version = name.split(":").at(-1) ?? "";
  return {
    branch: `promote/${to}`,
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

type Argv = readonly string[];

/** The commands that put the changed file on its branch; the branch is always one commit ahead of main. */
export function pushOf(file: string, { branch, title }: PullRequest): readonly Argv[] {
  const bot = ["name=github-actions[bot]", "email=41898282+github-actions[bot]@users.noreply.github.com"];
  const identity = bot.flatMap((setting) => ["-c", `user.${setting}`]);
  // The checkout keeps no credentials: they are given to this one push only.
  const credentials = ["-c", "credential.helper=", "-c", "credential.helper=!gh auth git-credential"];
  return [
    ["git", "switch", "--force-create", branch],
    ["git", ...identity, "commit", "--message", title, "--", file],
    ["git", ...credentials, "push", "--force", "origin", `HEAD:refs/heads/${branch}`],
  ];
}

/** Asks for the number of the branch's open pull request. */
export function askOf({ branch }: PullRequest): Argv {
  const which = ["--head", branch, "--base", "main", "--state", "open"];
  return ["gh", "pr", "list", ...which, "--json", "number", "--jq", ".[].number"];
}

/** The commands that make the branch's pull request, or bring the open one of that number up to date. */
export function requestOf({ branch, title, body }: PullRequest, open: string): readonly Argv[] {
  const words = ["--title", title, "--body", body];
  return [
    open === ""
      ? ["gh", "pr", "create", "--base", "main", "--head", branch, ...words]
      : ["gh", "pr", "edit", open, ...words],
    // A pull request that the workflow's own token opens starts no workflow; a run that is asked for does.
    ["gh", "workflow", "run", "ci.yaml", "--ref", branch],
  ];
}

async function open(to: Environment, image: string, folder: string): Promise<void> {
  const file = fileOf(to);
  const was = imageIn(readFileSync(join(folder, file), "utf8"));
  if (was === image) return console.log(`  ${to} runs ${image} already`);
  const source = before(to);
  promote(source === undefined ? { image, to } : { from: source, to }, folder);
  const run = (argv: Argv): Promise<string> => command(argv, { cwd: folder });
  const changed = await run(["git", "diff", "--numstat"]);
  if (changed.trim() !== `1\t1\t${file}`) throw new Error(`more than one line has changed:\n${changed}`);
  const request = pullRequestOf(to, image, was);
  for (const argv of pushOf(file, request)) await run(argv);
  const number = (await run(askOf(request))).trim();
  for (const argv of requestOf(request, number)) await run(argv);
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
