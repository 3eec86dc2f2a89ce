import { dirname, isAbsolute } from "node:path";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import type { Progress } from "../cluster/progress.ts";
import type { Cluster } from "../cluster/provider.ts";
import { gitEnvironment } from "../gitops/repository.ts";
import type { Screen } from "./screen.ts";
import type { Shell } from "./shell.ts";

export interface Tools {
  readonly screen: Screen;
  readonly shell: Shell;
  readonly progress: Progress;
}

/** The tools and the API client that every step gets. */
export interface Context extends Tools {
  readonly client: ApiClient;
}

/** One step of a scenario; rejects if a statement that it prints is not true. */
export interface Step<S extends Context> {
  readonly title: string;
  readonly run: (context: S) => Promise<unknown>;
}

/** One variant of the demo. */
export interface Scenario {
  readonly title: string;
  /** Text that says how long the scenario takes. */
  readonly duration: string;
  /** Folder in which the commands run; it exists already. */
  readonly folder: string;
  /** Added to the environment of the commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** Prepares the cluster and runs all steps. */
  run(tools: Tools): Promise<void>;
  /** Removes files outside the cluster. */
  remove(): Promise<void>;
  /** What to do afterwards, while everything keeps running: commands and their purpose. */
  readonly nextSteps: readonly (readonly [command: string, purpose: string])[];
}

/** Environment of every command: selects this cluster, and ignores the user's Git settings. */
export function environmentFor(cluster: Cluster): Record<string, string> {
  const client = isAbsolute(cluster.kubectl) ? `${dirname(cluster.kubectl)}:` : "";
  return { ...gitEnvironment, KUBECONFIG: cluster.kubeconfig, PATH: `${client}${process.env.PATH}` };
}

/** Starts `kubectl proxy`, then runs the steps in order; `own` has the values that only this scenario's steps need. */
export async function runSteps<Own extends object>(
  tools: Tools,
  steps: readonly Step<Context & Own>[],
  own: Own,
): Promise<void> {
  const { readyLine } = await tools.shell.start("kubectl proxy --port=0", /^Starting to serve/);
  const client = createClient({ server: `http://${readyLine.split(" ").at(-1)}` });
  for (const [index, { title, run }] of steps.entries()) {
    tools.screen.step(index + 1, title);
    await run({ ...own, ...tools, client });
  }
}
