import { existsSync } from "node:fs";
import { succeeds } from "./command.ts";
import { CurrentCluster } from "./current.ts";
import { EmbeddedCluster } from "./embedded/cluster.ts";
import { K3dCluster } from "./k3d.ts";
import { KindCluster } from "./kind.ts";
import type { Progress } from "./progress.ts";

/**
 * What a cluster consists of. `node`: everything, with a kubelet and real pods. `kwok`: fake nodes whose pods
 * become ready at once, and raised client limits, for benchmarks. `api`: control plane only, no node.
 */
export type Mode = "node" | "kwok" | "api";
export const MODES: readonly Mode[] = ["node", "kwok", "api"];

/** A part of the cluster that a test may stop, kill and start. */
export type ComponentName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "containerd"
  | "registry"
  | "kwok";

export interface ComponentStatus {
  readonly name: string;
  readonly state: "running" | "paused" | "stopped";
  readonly pid?: number;
}

export interface ClusterStatus {
  /** `up`: all that the mode needs runs and the API server says ready; `partial`: `up` would repair it. */
  readonly state: "up" | "partial" | "down";
  readonly provider: string;
  readonly components: readonly ComponentStatus[];
}

export interface BuildRequest {
  /** Path of the Dockerfile. */
  readonly dockerfile: string;
  /** Folder whose files it may copy. */
  readonly context: string;
  /** Repository and tag, such as `webapp:1.0.0`, without a registry. */
  readonly tag: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  /** `<registry>/<tag>`, for a pod's `image`. */
  readonly ref: string;
  /** `sha256:…` of the manifest; `<ref>@<digest>` pins it. */
  readonly digest: string;
}

/** A local Kubernetes cluster, whoever provides it. */
export interface Cluster {
  readonly name: string;
  /** File that `kubectl` and client libraries read; complete once `up` has ended. */
  readonly kubeconfig: string;
  /** The kubectl to use with it, as a path or a name on PATH. */
  readonly kubectl: string;
  /** `host:port` of the image registry as used in image references. */
  readonly registry: string;
  /** argv prefix that runs a command inside the cluster's network; empty where there is no such thing. */
  readonly inside: readonly string[];
  /** Creates, completes or repairs the cluster; nothing happens to what already runs. */
  up(progress: Progress): Promise<void>;
  /** Removes the cluster without a trace, also a half-started one. */
  down(progress: Progress): Promise<void>;
  status(): Promise<ClusterStatus>;
  /** File with a component's log; undefined if the provider keeps none. */
  logFile(component: string): string | undefined;
  /** Stops a component in its tracks (SIGSTOP), until `resume`. */
  pause(component: ComponentName): Promise<void>;
  resume(component: ComponentName): Promise<void>;
  /** Kills a component (SIGKILL); `start` brings it back and waits until it is ready. */
  kill(component: ComponentName): Promise<void>;
  start(component: ComponentName): Promise<void>;
  /** Builds an image and pushes it to the cluster's registry. */
  build(request: BuildRequest): Promise<BuiltImage>;
}

type ProviderName = "embedded" | "k3d" | "kind" | "current";

/** Facts that choose a provider. */
interface Machine {
  readonly wanted: string | undefined;
  readonly linuxRoot: boolean;
  readonly dockerAnswers: boolean;
}

/** Which provider serves this machine; throws a sentence that says what to do if none can. */
export function chooseProvider({ wanted, dockerAnswers, linuxRoot }: Machine): ProviderName {
  if (wanted === "embedded" || wanted === "k3d" || wanted === "kind" || wanted === "current") return wanted;
  if (wanted !== undefined && wanted !== "")
    throw new Error(`DEMOAPP_CLUSTER is "${wanted}": use embedded, k3d, kind or current`);
  if (linuxRoot) return "embedded";
  if (dockerAnswers) return "k3d";
  throw new Error(
    "no way to run a cluster: run as root on Debian, or start Docker and install k3d, or set DEMOAPP_CLUSTER=current",
  );
}

const providers = {
  embedded: EmbeddedCluster,
  k3d: K3dCluster,
  kind: KindCluster,
  current: CurrentCluster,
} as const;

/** The cluster `name` on this machine; nothing is started. */
export async function clusterFor(name: string, mode: Mode): Promise<Cluster> {
  if (!/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/.test(name))
    throw new Error(`cluster name "${name}": use up to 20 lower-case letters, digits and "-"`);
  const wanted = process.env.DEMOAPP_CLUSTER;
  const linuxRoot =
    process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  // Asking docker takes its time, and is only needed where nothing else decides.
  const isOpen = !wanted && !linuxRoot;
  const dockerAnswers =
    isOpen && (await succeeds(["docker", "info"])) && (await succeeds(["k3d", "version"]));
  const provider = chooseProvider({ wanted, linuxRoot, dockerAnswers });
  return new providers[provider](name, mode);
}
