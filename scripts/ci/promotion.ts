// `node scripts/ci/promotion.ts plan` says which image TO is to get (IMAGE, or what the environment before runs), and
// `node scripts/ci/promotion.ts open` makes the pull request for it: one commit that moves one line of the tree in the
// current folder.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds } from "../../test/cluster/command.ts";
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

const branchOf = (to: Environment): string => `promote/${to}`;

/** The pull request that brings an image to an environment: one for each, always of the newest image. */
export function pullRequestOf(to: Environment, image: string, was: string): PullRequest {
  const [name = ""] = image.split("@");
  const version = name.split(":").at(-1) ?? "";
  return {
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

type Argv = readonly string[];

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

/**
 * The commands that put the changed file on its branch; the branch is always one commit ahead of main. It has to be at
 * the commit `seen` (none: it must not be there): another run may have moved it.
 */
export function pushOf(file: string, { branch, title }: PullRequest, seen: string): readonly Argv[] {
  const bot = ["name=github-actions[bot]", "email=41898282+github-actions[bot]@users.noreply.github.com"];
  const identity = bot.flatMap((setting) => ["-c", `user.${setting}`]);
  // The checkout keeps no credentials: they are given to this one push only.
  const credentials = ["-c", "credential.helper=", "-c", "credential.helper=!gh auth git-credential"];
  return [
    ["git", "switch", "--force-create", branch],
    ["git", ...identity, "commit", "--message", title, "--", file],
    [
      "git",
      ...credentials,
      "push",
      `--force-with-lease=${branch}:${seen}`,
      "origin",
      `HEAD:refs/heads/${branch}`,
    ],
  ];
}

/** Asks for the number of the branch's open pull request. */
export function askOf(branch: string): Argv {
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

/** What a clone says of an environment: the image that it runs, and the one that its open pull request brings. */
interface Standing {
  readonly runs: string;
  readonly proposed: string;
  /** The commit that the pull request's branch was at; empty if there is none. */
  readonly seen: string;
  /** The open pull request's number; empty if there is none. */
  readonly number: string;
}

async function standingOf(to: Environment, folder: string): Promise<Standing> {
  const run = (argv: Argv): Promise<string> => command(argv, { cwd: folder });
  const refs = await run([
    "git",
    "for-each-ref",
    "--format=%(objectname)",
    `refs/remotes/origin/${branchOf(to)}`,
  ]);
  const [seen, number] = [refs.trim(), (await run(askOf(branchOf(to)))).trim()];
  // A branch without an open pull request is left over from one that was merged or closed.
  const proposed =
    seen === "" || number === "" ? "" : imageIn(await run(["git", "show", `${seen}:${fileOf(to)}`]));
  return { runs: imageIn(readFileSync(join(folder, fileOf(to)), "utf8")), proposed, seen, number };
}

async function open(to: Environment, image: string, folder: string): Promise<void> {
  const file = fileOf(to);
  const { runs, proposed, seen, number } = await standingOf(to, folder);
  if (runs === image) return console.log(`  ${to} runs ${image} already`);
  const source = before(to);
  for (const other of source === undefined ? [runs, proposed] : [])
    if (await isOlder(image, other, folder)) return console.log(`  ${image} is older than ${other}`);
  promote(source === undefined ? { image, to } : { from: source, to }, folder);
  const run = (argv: Argv): Promise<string> => command(argv, { cwd: folder });
  const changed = await run(["git", "diff", "--numstat"]);
  if (changed.trim() !== `1\t1\t${file}`) throw new Error(`more than one line has changed:\n${changed}`);
  const request = pullRequestOf(to, image, runs);
  for (const argv of [...pushOf(file, request, seen), ...requestOf(request, number)]) await run(argv);
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
