import { homedir } from "node:os";
import { join } from "node:path";
import { PREFIX, RUN_ROOT } from "./constants.ts";

/** The folder of all files that are kept between runs, outside the source tree. */
export const cacheRoot = (): string =>
  process.env.DEMOAPP_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "demoapp-operator");

/** The lock to hold while parts of the cluster are started or removed. */
export const clusterLock = (name: string): string => join(cacheRoot(), "clusters", `${name}.lock`);

export type ClusterPaths = ReturnType<typeof clusterPaths>;

/** Paths and names of one cluster. */
export function clusterPaths(name: string) {
  const state = join(cacheRoot(), "clusters", name);
  const run = join(RUN_ROOT, name);
  const netnsName = `${PREFIX}-${name}`;
  return {
    /** State that is kept over a reboot: etcd's data, keys, logs, images. */
    state,
    /** Sockets and containerd's runtime state. */
    run,
    logs: join(state, "logs"),
    pki: join(state, "pki"),
    config: join(state, "config"),
    processes: join(state, "processes"),
    kubeconfig: join(state, "kubeconfig"),
    /** The network namespace: its name, and the file through which a process enters it. */
    netnsName,
    netns: `/run/netns/${netnsName}`,
    /** Cgroup of all processes of the cluster, relative to the root of each hierarchy. */
    cgroup: `${PREFIX}-${name}`,
    containerdSocket: join(run, "containerd.sock"),
  } as const;
}
