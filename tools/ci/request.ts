/** Pull requests that workflows open: one commit that changes one file, on a branch of its own. */
import { command } from "../cluster/command.ts";

/** A pull request, in words. Its branch is always one commit ahead of what main has. */
export interface PullRequest {
  readonly file: string;
  readonly branch: string;
  readonly title: string;
  readonly body: string;
}

/** What there is of a pull request so far. */
export interface Branch {
  /** The commit that its branch is at, as the clone has seen it; empty if there is none. */
  readonly seen: string;
  /** The open pull request's number; empty if there is none. */
  readonly number: string;
}

type Argv = readonly string[];

/** The commands that put the changed file on its branch, unless another run has moved that meanwhile. */
function pushOf({ file, branch, title }: PullRequest, { seen }: Branch): readonly Argv[] {
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
function askOf(branch: string): Argv {
  const which = ["--head", branch, "--base", "main", "--state", "open"];
  return ["gh", "pr", "list", ...which, "--json", "number", "--jq", ".[].number"];
}

/** The commands that make the branch's pull request, or bring the open one of that number up to date. */
function requestOf({ branch, title, body }: PullRequest, { number }: Branch): readonly Argv[] {
  const words = ["--title", title, "--body", body];
  return [
    number === ""
      ? ["gh", "pr", "create", "--base", "main", "--head", branch, ...words]
      : ["gh", "pr", "edit", number, ...words],
    // A pull request that the workflow's own token opens starts no workflow; a run that is asked for does.
    ["gh", "workflow", "run", "ci.yaml", "--ref", branch],
  ];
}

/** What there is of a branch, in a clone that has all of them. */
export async function findBranch(branch: string, folder: string): Promise<Branch> {
  const refs = ["git", "for-each-ref", "--format=%(objectname)", `refs/remotes/origin/${branch}`];
  const seen = await command(refs, { cwd: folder });
  const number = await command(askOf(branch), { cwd: folder });
  return { seen: seen.trim(), number: number.trim() };
}

/** The file as the open pull request has it; undefined if none is open. */
export async function proposedIn(
  file: string,
  { seen, number }: Branch,
  folder: string,
): Promise<string | undefined> {
  // A branch without an open pull request is left over from one that was merged or closed.
  if (seen === "" || number === "") return undefined;
  return command(["git", "show", `${seen}:${file}`], { cwd: folder });
}

/** Makes the pull request of the changed file, or brings the open one up to date. */
export async function propose(request: PullRequest, at: Branch, folder: string): Promise<void> {
  for (const argv of [...pushOf(request, at), ...requestOf(request, at)])
    await command(argv, { cwd: folder });
}
