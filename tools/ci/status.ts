// `node tools/ci/status.ts`: tells the commit itself how `ci-ok` ended (RESULT). A run that was asked for belongs to
// a branch, and a pull request counts none of its checks; a status of the commit it does count.
import { command } from "../cluster/command.ts";
import { given, script } from "./outputs.ts";

/** The commit of a run, and where the run can be read. */
export interface RunOf {
  readonly repository: string;
  readonly commit: string;
  readonly url: string;
}

/** The command that gives the commit the status `ci-ok`; whatever is not a success is a failure. */
export function statusOf({ repository, commit, url }: RunOf, result: string): readonly string[] {
  const state = result === "success" ? "success" : "failure";
  const fields = { state, context: "ci-ok", description: "CI, run on request", target_url: url };
  const argv = Object.entries(fields).flatMap(([name, value]) => ["--raw-field", `${name}=${value}`]);
  return ["gh", "api", "--silent", "--method", "POST", `repos/${repository}/statuses/${commit}`, ...argv];
}

if (import.meta.main)
  await script(async () => {
    const repository = given("GITHUB_REPOSITORY");
    const url = `${given("GITHUB_SERVER_URL")}/${repository}/actions/runs/${given("GITHUB_RUN_ID")}`;
    await command(statusOf({ repository, commit: given("GITHUB_SHA"), url }, given("RESULT")));
  });
