import { homedir } from "node:os";
import { join } from "node:path";
import { PREFIX, RUN_ROOT } from "./constants.ts";

/** Folder for what is built once and shared by all clusters; never in the source tree. */
export const cacheRoot = (): string =>
  process.env.DEMOAPP_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "demoapp-operator");

/** Where one cluster keeps its things. */
export interface ClusterPaths {
  /** State that outlives a reboot: etcd, keys, logs, the registry's blobs, images. */
  readonly state: string;
  /** Sockets and containerd's runtime state. */
  readonly run: string;
  readonly logs: string;
  readonly pki: string;
  readonly config: string;
  readonly processes: string;
  readonly kubeconfig: string;
  /** Network namespace, by name and as a file to enter. */
  readonly netnsName: string;
  readonly netns: string;
  /** Cgroup of everything that belongs to the cluster, relative to each hierarchy's root. */
  readonly cgroup: string;
  readonly containerdSocket: string;
}

/** Held by whoever starts or removes something of the cluster. */
export const clusterLock = (name: string): string => join(cacheRoot(), "clusters", `${name}.lock`);

/** Paths of the cluster `name`. */
export function clusterPaths(name: string): ClusterPaths {
  const state = join(cacheRoot(), "clusters", name);
  const run = join(RUN_ROOT, name);
  return {
    state,
    run,
    logs: join(state, "logs"),
    pki: join(state, "pki"),
    config: join(state, "config"),
    processes: join(state, "processes"),
    kubeconfig: join(state, "kubeconfig"),
    netnsName: `${PREFIX}-${name}`,
    netns: `/run/netns/${PREFIX}-${name}`,
    cgroup: `${PREFIX}-${name}`,
    containerdSocket: join(run, "containerd.sock"),
  };
}
