import { command, succeeds } from "./command.ts";
import type { Cluster } from "./provider.ts";

/** How to reach a cluster's API server. */
export type Access = Pick<Cluster, "kubectl" | "kubeconfig">;

/** Runs kubectl as the cluster's administrator and returns its stdout. */
export const kubectl = (access: Access, args: readonly string[], input = ""): Promise<string> =>
  command([access.kubectl, "--kubeconfig", access.kubeconfig, ...args], { input });

/** True if the API server reports that it is ready. */
export const isReady = ({ kubectl, kubeconfig }: Access): Promise<boolean> =>
  succeeds([kubectl, "--kubeconfig", kubeconfig, "--request-timeout=5s", "get", "--raw", "/readyz"]);
