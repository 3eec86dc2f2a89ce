/** Names, ports, address ranges and pinned versions of the embedded cluster. */

export const versions = {
  /** Also pinned in go/kubernetes/go.mod; a test compares the two. */
  kubernetes: "1.35.4",
} as const;

/** Prefix of a cluster's network namespace, cgroup and network interface. */
export const PREFIX = "demoapp";

/** Folder of sockets and containerd's state: socket paths must be short, and a reboot empties /run. */
export const RUN_ROOT = "/run/demoapp-operator";

export const NODE_NAME = "node-1";

/** The same in every cluster, because each has its own network namespace. */
export const cidrs = {
  pods: "10.244.0.0/16",
  nodePods: "10.244.0.0/24",
  services: "10.96.0.0/16",
  /** First address of `services`: the `kubernetes` Service, which leads pods to the API server. */
  kubernetesService: "10.96.0.1",
} as const;

export const ports = {
  apiServer: 6443,
  controllerManager: 10257,
  scheduler: 10259,
  kubelet: 10250,
  kubeletHealth: 10248,
  proxyHealth: 10256,
  proxyMetrics: 10249,
  etcd: 2379,
  etcdPeer: 2380,
  registry: 5000,
  kwok: 10247,
} as const;

/**
 * The host reaches cluster number `slot` (1-254) at 198.18.<slot>.2. RFC 2544 reserves that block for benchmarks of
 * network devices, so it hides no real host.
 */
export const MAX_SLOT = 254;
export const hostAddress = (slot: number): string => `198.18.${slot}.1`;
export const innerAddress = (slot: number): string => `198.18.${slot}.2`;
export const hostLink = (slot: number): string => `${PREFIX}${slot}`;

/** The registry in image references. containerd and buildah use plain HTTP for a loopback address. */
export const REGISTRY = `127.0.0.1:${ports.registry}`;

/** Replaces the public base images in Dockerfiles, which can't be pulled here. */
export const BASE_IMAGE = "localhost/demoapp-base:node24";
export const PAUSE_IMAGE = `${REGISTRY}/pause:1`;

/** Number of fake nodes of a kwok cluster. Each takes 110 pods: room for a benchmark of 5,000 apps. */
export const KWOK_NODES = 50;

/** Longest duration of a step of `up` or `down`, in milliseconds. */
export const deadlinesMs = {
  component: 60_000,
  controllers: 60_000,
  node: 120_000,
  kill: 20_000,
} as const;
