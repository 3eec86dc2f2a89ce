/** Every name, port, address range and pinned version of the embedded cluster. */

export const versions = {
  /** Also pinned in go/kubernetes/go.mod; a test compares the two. */
  kubernetes: "1.35.4",
} as const;

/** Prefix of everything a cluster owns outside its folders: network namespace, cgroup, interface. */
export const PREFIX = "demoapp";

/** Runtime state (sockets, containerd's state) lives here: sockets need short paths, and /run is empty after a reboot. */
export const RUN_ROOT = "/run/demoapp-operator";

export const NODE_NAME = "node-1";

/** The same in every cluster: each has a network namespace of its own. */
export const cidrs = {
  pods: "10.244.0.0/16",
  nodePods: "10.244.0.0/24",
  services: "10.96.0.0/16",
  /** First address of `services`: the `kubernetes` Service, where pods find the API server. */
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
 * Cluster number `slot` (1-254) is reached from the host at 198.18.<slot>.2. That block is set aside for
 * benchmarks of network devices (RFC 2544), so no real host is shadowed.
 */
export const MAX_SLOT = 254;
export const hostAddress = (slot: number): string => `198.18.${slot}.1`;
export const innerAddress = (slot: number): string => `198.18.${slot}.2`;
export const hostLink = (slot: number): string => `${PREFIX}${slot}`;

/** Registry as written in image references; containerd and buildah speak plain HTTP to a loopback address. */
export const REGISTRY = `127.0.0.1:${ports.registry}`;

/** What Dockerfiles are built on here, where no public image can be pulled. */
export const BASE_IMAGE = "localhost/demoapp-base:node24";
export const PAUSE_IMAGE = `${REGISTRY}/pause:1`;

/** Fake nodes of a kwok cluster, with room for 110 pods each. */
export const KWOK_NODES = 20;

/** How long a step of `up` may take, in milliseconds, before it is given up with the component's last words. */
export const deadlinesMs = {
  component: 60_000,
  controllers: 60_000,
  node: 120_000,
  kill: 20_000,
} as const;
