// `node tools/ci/status.ts`: sets the commit status `ci-ok` to the RESULT of the job. A pull request counts this status,
// but not the checks of a workflow_dispatch run, which belong to a branch.
import { command } from "../cluster/command.ts";
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";

/** A workflow run: its commit, and the URL of its page. */
export interface RunOf {
  readonly repository: string;
  readonly commit: string;
  readonly url: string;
}

/** The command that sets the commit status. Every result but `success` is a failure. */
export function statusOf({ repository, commit, url }: RunOf, result: string): readonly string[] {
  const state = result === "success" ? "success" : "failure";
  const fields = {
    state,
    context: "ci-ok",
    description: "CI, started by workflow_dispatch",
    target_url: url,
  };
  const argv = Object.entries(fields).flatMap(([name, value]) => ["--raw-field", `${name}=${value}`]);
  return ["gh", "api", "--silent", "--method", "POST", `repos/${repository}/statuses/${commit}`, ...argv];
}

if (import.meta.main)
  await script(async () => {
    const repository = requiredEnv("GITHUB_REPOSITORY");
    const url = `${requiredEnv("GITHUB_SERVER_URL")}/${repository}/actions/runs/${requiredEnv("GITHUB_RUN_ID")}`;
    await command(statusOf({ repository, commit: requiredEnv("GITHUB_SHA"), url }, requiredEnv("RESULT")));
  });
