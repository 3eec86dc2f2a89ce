import { join } from "node:path";
import { command } from "../../tools/cluster/command.ts";

const root = join(import.meta.dirname, "../..");

/** Where a script is to run, and what a workflow gives it. */
interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What GitHub would hand over stays out of it, so that a run there tests the same as one here. */
const unset = { GITHUB_OUTPUT: "/dev/null", GITHUB_STEP_SUMMARY: "/dev/null" };

/** Runs a script as a workflow does: `runScript("tools/ci/scan.ts source")`. Gives what it printed. */
export function runScript(line: string, { cwd = root, env = {} }: Surroundings = {}): Promise<string> {
  const [file = "", ...args] = line.split(" ");
  return command([process.execPath, join(root, file), ...args], { cwd, env: { ...unset, ...env } });
}
