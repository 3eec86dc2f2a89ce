/** Pull requests that workflows open: one commit that changes one file, on a branch that the workflow owns. */
import { command, succeeds } from "../cluster/command.ts";

/** A pull request. Its branch is always one commit ahead of main. */
export interface PullRequest {
  readonly file: string;
  readonly branch: string;
  readonly title: string;
  readonly body: string;
}

/** The end of the text of a pull request that deploys something. */
export const rollOut = [
  "Approve only if this branch has exactly one commit and its author is `github-actions[bot]`: everyone with write access can push to this branch.",
  "Merge to roll out: Argo CD syncs within minutes. To roll back, run `git revert` on the merged commit.",
].join("\n\n");

/** The branch of a pull request before a workflow changes it. */
export interface Branch {
  /** The commit of the branch when the clone was made. Empty if there is no branch. */
  readonly commit: string;
  /** The number of the open pull request. Empty if none is open. */
  readonly number: string;
}

/** Looks up a branch and its open pull request. The clone must have all branches. */
export async function findBranch(branch: string, folder: string): Promise<Branch> {
  const run = (...argv: readonly string[]): Promise<string> => command(argv, { cwd: folder });
  const commit = await run("git", "for-each-ref", "--format=%(objectname)", `refs/remotes/origin/${branch}`);
  const open = ["--head", branch, "--base", "main", "--state", "open"];
  const number = await run("gh", "pr", "list", ...open, "--json", "number", "--jq", ".[].number");
  return { commit: commit.trim(), number: number.trim() };
}

/** The content of a file in the open pull request. Undefined if none is open. */
export async function proposedIn(
  file: string,
  { commit, number }: Branch,
  folder: string,
): Promise<string | undefined> {
  // A branch without an open pull request remains from a merged or closed one.
  if (commit === "" || number === "") return undefined;
  return command(["git", "show", `${commit}:${file}`], { cwd: folder });
}

/**
 * Whether a commit is an ancestor of another: runs for commits and releases end in any order. False for the same commit,
 * and if Git can't compare the two: one is unknown, or the history was rewritten.
 */
export async function isAncestor(commit: string, other: string, folder: string): Promise<boolean> {
  return commit !== other && succeeds(["git", "-C", folder, "merge-base", "--is-ancestor", commit, other]);
}

/** Commits the changed file, and opens its pull request or updates the open one. */
export async function propose(
  { file, branch, title, body }: PullRequest,
  { commit, number }: Branch,
  folder: string,
): Promise<void> {
  const run = (...argv: readonly string[]): Promise<string> => command(argv, { cwd: folder });
  const bot = ["name=github-actions[bot]", "email=41898282+github-actions[bot]@users.noreply.github.com"];
  const identity = bot.flatMap((setting) => ["-c", `user.${setting}`]);
  // The checkout stores no credentials: only this push gets them.
  const credentials = ["-c", "credential.helper=", "-c", "credential.helper=!gh auth git-credential"];
  // A push fails if another run has moved the branch from the expected commit. An empty source deletes the branch.
  const push = (source: string, expected: string): Promise<string> => {
    const lease = `--force-with-lease=${branch}:${expected}`;
    return run("git", ...credentials, "push", lease, "origin", `${source}:refs/heads/${branch}`);
  };
  await run("git", "switch", "--force-create", branch);
  await run("git", ...identity, "commit", "--message", title, "--", file);
  await push("HEAD", commit);

  // `gh pr edit` would need a scope that the token of a workflow can't have.
  const edit = ["gh", "api", "--silent", "--method", "PATCH", `repos/{owner}/{repo}/pulls/${number}`];
  const create = ["gh", "pr", "create", "--base", "main", "--head", branch, "--title", title, "--body", body];
  const offer = number === "" ? create : [...edit, "-f", `title=${title}`, "-f", `body=${body}`];
  await run(...offer).catch(async (error: unknown) => {
    // Later runs would take the branch for an offer that was made.
    await push(commit, "HEAD").catch((failure: unknown) =>
      console.error(`  ! ${branch} is not restored: ${String(failure)}`),
    );
    throw error;
  });
  // For a pull request that a workflow's token opens, GitHub runs no workflow, or runs it only after an approval.
  await run("gh", "workflow", "run", "ci.yaml", "--ref", branch);
}
