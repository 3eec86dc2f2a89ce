import { command } from "./command.ts";
import type { Cluster } from "./provider.ts";

/** Runs kubectl as the cluster's administrator and returns its stdout. */
export const kubectl = (cluster: Cluster, args: readonly string[], input = ""): Promise<string> =>
  command([cluster.kubectl, "--kubeconfig", cluster.kubeconfig, ...args], { input });
