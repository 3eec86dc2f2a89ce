import { existsSync } from "node:fs";
import { succeeds } from "./command.ts";
import { CurrentCluster } from "./current.ts";
import { EmbeddedCluster } from "./embedded/cluster.ts";
import { K3dCluster } from "./k3d.ts";
import { KindCluster } from "./kind.ts";
import type { Progress } from "./progress.ts";

/**
 * The parts of a cluster. `node`: all of them, with a kubelet that runs pods. `kwok`: fake nodes whose pods become
 * ready at once, and raised client limits, for benchmarks. `api`: the control plane only.
 */
export type Mode = "node" | "kwok" | "api";
export const MODES: readonly Mode[] = ["node", "kwok", "api"];

/** A component that a test can signal and start. */
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

/** SIGSTOP pauses a component until SIGCONT. After SIGKILL, `start` restarts the component. */
export type Signal = "SIGSTOP" | "SIGCONT" | "SIGKILL";

export interface ComponentStatus {
  readonly name: string;
  readonly state: "running" | "paused" | "stopped";
  readonly pid?: number;
}

export interface ClusterStatus {
  /** `up`: every component of the mode runs and the API server is ready. `partial`: `up` repairs the cluster. */
  readonly state: "up" | "partial" | "down";
  readonly provider: string;
  readonly components: readonly ComponentStatus[];
}

export interface BuildRequest {
  /** Path of the Dockerfile. */
  readonly dockerfile: string;
  /** Folder with the files that the Dockerfile copies. */
  readonly context: string;
  /** Repository and tag without a registry, such as `webapp:1.0.0`. */
  readonly tag: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  /** `<registry>/<tag>`, for a pod's `image`. */
  readonly ref: string;
  /** `sha256:…` of the manifest; `<ref>@<digest>` pins the image. */
  readonly digest: string;
}

/** A local Kubernetes cluster of any provider. */
export interface Cluster {
  readonly name: string;
  /** Path of the administrator's kubeconfig, which `up` writes. */
  readonly kubeconfig: string;
  /** Path of a kubectl that fits the cluster, or its name on PATH. */
  readonly kubectl: string;
  /** `host:port` of the image registry, as image references name it. */
  readonly registry: string;
  /** Prefix of a command line that runs inside the cluster's network. Empty if the provider has no such network. */
  readonly inside: readonly string[];
  /** Creates, completes or repairs the cluster. Does not restart running components. */
  up(progress: Progress): Promise<void>;
  /** Removes the whole cluster, also a partly started one. */
  down(progress: Progress): Promise<void>;
  status(): Promise<ClusterStatus>;
  /** Path of a component's log; undefined if the provider keeps none. `audit` is the API server's audit log. */
  logFile(component: string): string | undefined;
  signal(component: ComponentName, signal: Signal): Promise<void>;
  /** Starts a killed component and waits until it is ready. */
  start(component: ComponentName): Promise<void>;
  /** Builds an image and pushes it to the cluster's registry. */
  build(request: BuildRequest): Promise<BuiltImage>;
}

const providers = {
  embedded: EmbeddedCluster,
  k3d: K3dCluster,
  kind: KindCluster,
  current: CurrentCluster,
} as const;
type ProviderName = keyof typeof providers;

const isProvider = (name: string): name is ProviderName => Object.hasOwn(providers, name);

/** Facts that decide which provider is used. */
interface Machine {
  /** The value of DEMOAPP_CLUSTER. */
  readonly requested: string | undefined;
  /** True for root on Debian. */
  readonly isDebianRoot: boolean;
  /** True if the Docker daemon and k3d are available. */
  readonly hasDocker: boolean;
}

/** Chooses the provider for this machine. Throws if no provider can run here. */
export function chooseProvider({ requested, hasDocker, isDebianRoot }: Machine): ProviderName {
  if (requested) {
    if (isProvider(requested)) return requested;
    throw new Error(`DEMOAPP_CLUSTER is "${requested}": use embedded, k3d, kind or current`);
  }
  if (isDebianRoot) return "embedded";
  if (hasDocker) return "k3d";
  throw new Error(
    "no provider can run a cluster here: run as root on Debian, or start Docker and install k3d, or set DEMOAPP_CLUSTER=current",
  );
}

/** The cluster with this name. Does not start it. */
export async function clusterFor(name: string, mode: Mode): Promise<Cluster> {
  if (!/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/.test(name))
    throw new Error(`cluster name "${name}": use up to 20 lower-case letters, digits and "-"`);
  const requested = process.env.DEMOAPP_CLUSTER;
  const isDebianRoot =
    process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  // `docker info` is slow: run it only if nothing else decides.
  const needsDocker = !requested && !isDebianRoot;
  const hasDocker =
    needsDocker && (await succeeds(["docker", "info"])) && (await succeeds(["k3d", "version"]));
  return new providers[chooseProvider({ requested, isDebianRoot, hasDocker })](name, mode);
}
