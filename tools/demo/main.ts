// `npm run demo [-- --canary | --blue-green | --gitops] [--once] [--name CLUSTER]`: shows the operator on a real cluster,
// with rolling updates, canaries, blue-green rollouts, or with a real Argo CD.
// Every statement is checked: if one is not true, the demo prints the reason and the last logs, and exits with code 1.
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { consoleProgress } from "../cluster/progress.ts";
import { clusterFor } from "../cluster/provider.ts";
import { diagnose } from "./diagnose.ts";
import { gitopsScenario } from "./gitops/scenario.ts";
import { operatorScenario } from "./operator/scenario.ts";
import { Screen } from "./screen.ts";
import { Shell } from "./shell.ts";
import type { Scenario } from "./scenario.ts";

/** Resolves with the exit code of the first signal. Ctrl-C arrives twice, from the terminal and from npm. */
const interrupted = (): Promise<number> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => resolve(128 + constants.signals[signal]));
  });

function printNextSteps(screen: Screen, { nextSteps }: Scenario, clusterName: string): void {
  const npm = (command: string): string => `npm run -s cluster -- ${command} --name ${clusterName}`;
  const steps = [
    [`eval "$(${npm("env")})"`, "first: kubectl in this shell uses the demo's cluster"],
    ...nextSteps,
    [npm("down"), "removes the cluster"],
  ] as const;
  const width = Math.max(...steps.map(([command]) => command.length)) + 3;
  screen.title("Everything keeps running. To explore:");
  screen.text(...steps.map(([command, purpose]) => `${command.padEnd(width)}${purpose}`));
}

/** Runs the demo and cleans up after it; returns the exit code. */
async function run(): Promise<number> {
  const flag = { type: "boolean", default: false } as const;
  const variant = { canary: flag, "blue-green": flag, gitops: flag } as const;
  const options = { once: flag, name: { type: "string" }, ...variant } as const;
  const { once, gitops, name, ...given } = parseArgs({ options }).values;
  // Two clusters: Argo CD would revert the changes of the other scenario.
  const cluster = await clusterFor(name ?? (gitops ? "demo-gitops" : "demo"), "node");
  const strategy = (["canary", "blue-green"] as const).find((one) => given[one]) ?? "rolling";
  const scenario = await (gitops ? gitopsScenario(cluster) : operatorScenario(cluster, strategy));
  const screen = new Screen(process.stdout);
  const shell = new Shell({ screen, cwd: scenario.folder, env: scenario.environment });
  const progress = consoleProgress(process.stdout);
  screen.title(scenario.title);
  screen.text(scenario.duration, "");
  let failure: string | undefined;
  const finished = scenario.run({ screen, shell, progress }).then(() => 0);
  const code = await Promise.race([interrupted(), finished]).catch(async (error: unknown) => {
    failure = error instanceof Error ? error.message : String(error);
    screen.failure(failure);
    await diagnose(screen, shell);
    return 1;
  });
  if (code > 1) screen.failure("stopped");
  await shell.stopAll();
  if (once) {
    screen.title("Cleaning up");
    await cluster.down(progress);
    await scenario.remove();
  }
  const seconds = screen.seconds.toFixed(0);
  if (failure !== undefined) console.log(`\ndemo: failed after ${seconds}s: ${failure.split("\n", 1)[0]}`);
  if (code === 0 && !once) printNextSteps(screen, scenario, cluster.name);
  if (code === 0 && once) console.log(`demo: ok in ${seconds}s`);
  return code;
}

try {
  process.exit(await run());
} catch (error) {
  // Something is missing on this machine, or could not be removed: the message is enough, without a stack.
  console.error(`\ndemo: failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
