import { join } from "node:path";
import { command } from "../../tools/cluster/command.ts";

const root = join(import.meta.dirname, "../..");

/** A script's working folder, and the environment that a workflow sets. */
interface ScriptOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Removes the variables of the GitHub run in which the tests run, if merged over the environment. */
export function withoutGitHub(): Readonly<Record<string, undefined>> {
  const names = Object.keys(process.env).filter((name) => /^(GITHUB|ACTIONS|RUNNER)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** Outputs and summaries go nowhere, unless a test names files. */
const nowhere = { GITHUB_OUTPUT: "/dev/null", GITHUB_STEP_SUMMARY: "/dev/null" };

/** Runs a script as a workflow does: `runScript("tools/ci/scan.ts source")`. Returns its stdout. */
export function runScript(line: string, { cwd = root, env = {} }: ScriptOptions = {}): Promise<string> {
  const [file = "", ...args] = line.split(" ");
  const argv = [process.execPath, join(root, file), ...args];
  return command(argv, { cwd, env: { ...withoutGitHub(), ...nowhere, ...env } });
}
