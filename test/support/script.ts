import { join } from "node:path";
import { command } from "../../tools/cluster/command.ts";

const root = join(import.meta.dirname, "../..");

/** A script's working folder, and the environment that a workflow sets. */
interface ScriptOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Overrides GitHub's own variables, so that tests behave the same there and here. */
const overrides = { GITHUB_OUTPUT: "/dev/null", GITHUB_STEP_SUMMARY: "/dev/null" };

/** Runs a script as a workflow does: `runScript("tools/ci/scan.ts source")`. Returns its stdout. */
export function runScript(line: string, { cwd = root, env = {} }: ScriptOptions = {}): Promise<string> {
  const [file = "", ...args] = line.split(" ");
  return command([process.execPath, join(root, file), ...args], { cwd, env: { ...overrides, ...env } });
}
