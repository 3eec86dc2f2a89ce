import { join } from "node:path";
import type { ComponentName, Mode } from "../provider.ts";
import { NODE_NAME, cidrs, ports } from "./constants.ts";
import type { ClusterPaths } from "./paths.ts";
import type { ProcessSpec } from "./processes.ts";

/** What the command lines depend on. */
export interface Layout {
  readonly paths: ClusterPaths;
  readonly mode: Mode;
  /** Address of the API server and of the node. */
  readonly address: string;
  /** Folders of binaries; kwok's only in mode `kwok`. */
  readonly kubernetes: string;
  readonly kwok?: string;
}

/** Components in the order in which they start. */
export const componentsOf: Record<Mode, readonly ComponentName[]> = {
  api: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
  kwok: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"],
  node: [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "registry",
    "containerd",
    "kubelet",
    "kube-proxy",
  ],
};

/** Command line of one component. */
export function specOf(name: ComponentName, layout: Layout): ProcessSpec {
  return { name, argv: argvOf[name](layout) };
}

const flags = (values: Record<string, string | number | boolean>): string[] =>
  Object.entries(values).map(([key, value]) => `--${key}=${value}`);

const kubernetes = (
  layout: Layout,
  name: string,
  values: Record<string, string | number | boolean>,
): string[] => [join(layout.kubernetes, name), ...flags(values)];

const argvOf: Record<ComponentName, (layout: Layout) => string[]> = {
  etcd: (layout) => kubernetes(layout, "etcd", etcdFlags(layout)),
  "kube-apiserver": (layout) => kubernetes(layout, "kube-apiserver", apiServerFlags(layout)),
  "kube-controller-manager": (layout) =>
    kubernetes(layout, "kube-controller-manager", controllerManagerFlags(layout)),
  "kube-scheduler": (layout) => kubernetes(layout, "kube-scheduler", schedulerFlags(layout)),
  kubelet: (layout) => kubernetes(layout, "kubelet", kubeletFlags(layout)),
  "kube-proxy": ({ paths, kubernetes: folder }) => [
    join(folder, "kube-proxy"),
    `--config=${join(paths.config, "proxy.yaml")}`,
  ],
  registry: ({ paths }) => ["docker-registry", "serve", join(paths.config, "registry.yaml")],
  containerd: ({ paths }) => ["containerd", `--config=${join(paths.config, "containerd.toml")}`],
  kwok: (layout) => [
    join(layout.kwok ?? "", "kwok"),
    ...flags({
      kubeconfig: join(layout.paths.config, "kwok.kubeconfig"),
      config: join(layout.kwok ?? "", "stages.yaml"),
      "manage-all-nodes": true,
      cidr: cidrs.pods,
      "node-ip": layout.address,
      "server-address": `127.0.0.1:${ports.kwok}`,
      "node-lease-duration-seconds": 40,
      // A line for every pod would cost a benchmark more than the pod.
      v: "WARN",
    }),
  ],
};

function etcdFlags({ paths }: Layout): Record<string, string | boolean> {
  const pki = (file: string): string => join(paths.pki, file);
  const client = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: "default",
    "data-dir": join(paths.state, "etcd"),
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "cert-file": pki("etcd.crt"),
    "key-file": pki("etcd.key"),
    "trusted-ca-file": pki("ca.crt"),
    "client-cert-auth": true,
    "peer-cert-file": pki("etcd.crt"),
    "peer-key-file": pki("etcd.key"),
    "peer-trusted-ca-file": pki("ca.crt"),
    "peer-client-cert-auth": true,
    // A power cut may cost a test cluster its data; waiting for the disk would cost every test its time.
    "unsafe-no-fsync": true,
    // As kubeadm sets it: else the API server sends no bookmarks to watches of kinds that have no objects.
    "watch-progress-notify-interval": "5s",
    "log-level": "warn",
  };
}

function apiServerFlags({ paths, mode, address }: Layout): Record<string, string | number | boolean> {
  const pki = (file: string): string => join(paths.pki, file);
  return {
    "advertise-address": address,
    "secure-port": ports.apiServer,
    "etcd-servers": `https://127.0.0.1:${ports.etcd}`,
    "etcd-cafile": pki("ca.crt"),
    "etcd-certfile": pki("etcd-client.crt"),
    "etcd-keyfile": pki("etcd-client.key"),
    "tls-cert-file": pki("apiserver.crt"),
    "tls-private-key-file": pki("apiserver.key"),
    "client-ca-file": pki("ca.crt"),
    "authorization-mode": "Node,RBAC",
    "anonymous-auth": false,
    // Beside the defaults: what makes Node authorization hold for writes too.
    "enable-admission-plugins": "NodeRestriction",
    "allow-privileged": true,
    "service-cluster-ip-range": cidrs.services,
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": pki("service-account.key"),
    "service-account-signing-key-file": pki("service-account.key"),
    "kubelet-certificate-authority": pki("ca.crt"),
    "kubelet-client-certificate": pki("apiserver-kubelet.crt"),
    "kubelet-client-key": pki("apiserver-kubelet.key"),
    "kubelet-preferred-address-types": "InternalIP",
    // A benchmark measures the operator, not the API server's queueing.
    ...(mode === "kwok"
      ? { "max-requests-inflight": 4000, "max-mutating-requests-inflight": 2000 }
      : auditFlags(paths)),
  };
}

/** What pods ask of the API server is written down, so that a test can hold it against their permissions. */
const auditFlags = (paths: ClusterPaths): Record<string, string | number> => ({
  "audit-policy-file": join(paths.config, "audit.yaml"),
  "audit-log-path": join(paths.logs, "audit.log"),
  "audit-log-maxsize": 100,
  "audit-log-maxbackup": 1,
});

/** Raised client limits of a benchmark: with the defaults these two would be its bottleneck. */
const clientLimits = (mode: Mode): Record<string, number> =>
  mode === "kwok" ? { "kube-api-qps": 2000, "kube-api-burst": 4000 } : {};

/** Identity and private port of a control-plane client of the API server. */
const client = (
  paths: ClusterPaths,
  user: string,
  port: number,
): Record<string, string | number | boolean> => {
  const file = join(paths.config, `${user}.kubeconfig`);
  return {
    kubeconfig: file,
    "authentication-kubeconfig": file,
    "authorization-kubeconfig": file,
    "bind-address": "127.0.0.1",
    "secure-port": port,
    "cert-dir": join(paths.run, user),
    "leader-elect": false,
  };
};

function controllerManagerFlags({ paths, mode }: Layout): Record<string, string | number | boolean> {
  return {
    ...client(paths, "controller-manager", ports.controllerManager),
    ...clientLimits(mode),
    "use-service-account-credentials": true,
    "service-account-private-key-file": join(paths.pki, "service-account.key"),
    "root-ca-file": join(paths.pki, "ca.crt"),
    "cluster-signing-cert-file": join(paths.pki, "ca.crt"),
    "cluster-signing-key-file": join(paths.pki, "ca.key"),
    "allocate-node-cidrs": mode === "kwok",
    "cluster-cidr": cidrs.pods,
    // The default of 15 s makes tests of autoscalers wait.
    "horizontal-pod-autoscaler-sync-period": "2s",
  };
}

function schedulerFlags({ paths, mode }: Layout): Record<string, string | number | boolean> {
  return { ...client(paths, "scheduler", ports.scheduler), ...clientLimits(mode) };
}

function kubeletFlags({ paths, address }: Layout): Record<string, string | number | boolean> {
  return {
    config: join(paths.config, "kubelet.yaml"),
    kubeconfig: join(paths.config, "kubelet.kubeconfig"),
    "root-dir": join(paths.state, "kubelet"),
    "cert-dir": join(paths.run, "kubelet"),
    "hostname-override": NODE_NAME,
    "node-ip": address,
  };
}
