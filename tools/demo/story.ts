import { dirname, isAbsolute } from "node:path";
import type { Progress } from "../cluster/progress.ts";
import type { Cluster } from "../cluster/provider.ts";
import { gitEnvironment } from "../gitops/repository.ts";
import type { Screen } from "./screen.ts";
import type { Shell } from "./shell.ts";

/** What a story is told with. */
export interface Tools {
  readonly cluster: Cluster;
  readonly screen: Screen;
  readonly shell: Shell;
  readonly progress: Progress;
}

/** A story that the demo tells: all it says is checked, and what is not true makes it reject. */
export interface Story {
  readonly title: string;
  /** How long it takes. */
  readonly about: string;
  /** Where the commands run; exists once the story does. */
  readonly folder: string;
  /** Added to the environment of the commands. */
  readonly environment: Readonly<Record<string, string>>;
  tell(tools: Tools): Promise<void>;
  /** Removes what lies outside the cluster. */
  remove(): Promise<void>;
  /** What to do when it has been told and all goes on running: a command, and what it is for. */
  readonly farewell: readonly (readonly [string, string])[];
}

/** What every story's commands see: this cluster only, and none of the user's Git settings. */
export function environmentFor(cluster: Cluster): Record<string, string> {
  const client = isAbsolute(cluster.kubectl) ? `${dirname(cluster.kubectl)}:` : "";
  return { ...gitEnvironment, KUBECONFIG: cluster.kubeconfig, PATH: `${client}${process.env.PATH}` };
}
