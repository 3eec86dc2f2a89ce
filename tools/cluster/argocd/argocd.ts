import type { Progress } from "../progress.ts";
import { EmbeddedCluster } from "../embedded/cluster.ts";
import type { Cluster } from "../provider.ts";
import { EmbeddedArgoCd } from "./embedded.ts";
import { InstalledArgoCd } from "./installed.ts";

/** A part of Argo CD that a test may stop, kill and start. */
export type ArgoCdComponent =
  | "argocd-redis"
  | "argocd-repo-server"
  | "argocd-application-controller"
  | "argocd-applicationset-controller";

/** A real Argo CD beside a local cluster; `cluster.down` removes it with the cluster. */
export interface ArgoCd {
  /** Starts, completes or repairs it on a cluster that is up; nothing happens to what runs. */
  up(progress: Progress): Promise<void>;
  /** Runs `argocd …` in core mode and gives its standard output. */
  cli(...args: readonly string[]): Promise<string>;
  /** Environment in which a typed `argocd …` works in core mode; to be added to a shell's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Kills a component (SIGKILL); `start` brings it back and waits until it is ready. */
  kill(component: ArgoCdComponent): Promise<void>;
  start(component: ArgoCdComponent): Promise<void>;
  /** Stops a component in its tracks (SIGSTOP), until `resume`. */
  pause(component: ArgoCdComponent): Promise<void>;
  resume(component: ArgoCdComponent): Promise<void>;
  /** File with a component's log; undefined if the provider keeps none. */
  logFile(component: ArgoCdComponent): string | undefined;
}

/** Throws a sentence where pods would have to read a repository that is a folder of this machine. */
export function requireLocalRepository(cluster: Cluster): void {
  if (!(cluster instanceof EmbeddedCluster))
    throw new Error(
      "GitOps with a repository on this machine needs the embedded cluster: run as root on Debian, with DEMOAPP_CLUSTER=embedded",
    );
}

/** The Argo CD of this cluster; nothing is started. */
export function argoCdFor(cluster: Cluster): ArgoCd {
  return cluster instanceof EmbeddedCluster ? new EmbeddedArgoCd(cluster) : new InstalledArgoCd(cluster);
}
