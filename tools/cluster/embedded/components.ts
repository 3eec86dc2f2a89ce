import { join } from "node:path";
import type { ComponentName, Mode } from "../provider.ts";
import { NODE_NAME, cidrs, ports } from "./constants.ts";
import type { ClusterPaths } from "./paths.ts";
import type { ProcessSpec } from "./processes.ts";

/** The inputs of the command lines. */
export interface Layout {
  readonly paths: ClusterPaths;
  readonly mode: Mode;
  /** IP address of the API server and the node. */
  readonly address: string;
  /** Folders of binaries. Only mode `kwok` has kwok's. */
  readonly kubernetes: string;
  readonly kwok?: string;
}

const controlPlane = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

/** The components of each mode; every component follows the components that it depends on. */
export const componentsOf: Record<Mode, readonly ComponentName[]> = {
  api: controlPlane,
  kwok: [...controlPlane, "kwok"],
  node: [...controlPlane, "registry", "containerd", "kubelet", "kube-proxy"],
};

type Flags = Readonly<Record<string, string | number | boolean>>;

/** The command line of one component. */
export function specOf(name: ComponentName, layout: Layout): ProcessSpec {
  const flags = Object.entries(flagsOf[name](layout)).map(([key, value]) => `--${key}=${value}`);
  const program = programOf[name]?.(layout) ?? [join(layout.kubernetes, name)];
  return { name, argv: [...program, ...flags] };
}

/** Components that are not part of the Kubernetes binary. */
const programOf: Partial<Record<ComponentName, (layout: Layout) => readonly string[]>> = {
  registry: ({ paths }) => ["docker-registry", "serve", join(paths.config, "registry.yaml")],
  containerd: () => ["containerd"],
  kwok: ({ kwok = "" }) => [join(kwok, "kwok")],
};

const flagsOf: Record<ComponentName, (layout: Layout) => Flags> = {
  etcd: etcdFlags,
  "kube-apiserver": apiServerFlags,
  "kube-controller-manager": controllerManagerFlags,
  "kube-scheduler": ({ paths, mode }) => ({
    ...clientFlags(paths, "scheduler", ports.scheduler),
    ...rateLimits(mode),
  }),
  kubelet: kubeletFlags,
  "kube-proxy": ({ paths }) => ({ config: join(paths.config, "proxy.yaml") }),
  registry: () => ({}),
  containerd: ({ paths }) => ({ config: join(paths.config, "containerd.toml") }),
  kwok: kwokFlags,
};

function etcdFlags({ paths }: Layout): Flags {
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
    // Tests are faster without waiting for the disk. A power cut may lose the cluster's data.
    "unsafe-no-fsync": true,
    // As in kubeadm: otherwise the API server sends no bookmarks to watches of kinds without objects.
    "watch-progress-notify-interval": "5s",
    "log-level": "warn",
  };
}

function apiServerFlags({ paths, mode, address }: Layout): Flags {
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
    // In addition to the default plugins: limits the kubelet's writes to its own node and pods.
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
    // A benchmark measures the operator, so the API server must not queue its requests.
    ...(mode === "kwok"
      ? { "max-requests-inflight": 4000, "max-mutating-requests-inflight": 2000 }
      : auditFlags(paths)),
  };
}

/** The audit log lets tests compare the requests of pods with their permissions. */
const auditFlags = (paths: ClusterPaths): Flags => ({
  "audit-policy-file": join(paths.config, "audit.yaml"),
  "audit-log-path": join(paths.logs, "audit.log"),
  "audit-log-maxsize": 100,
  "audit-log-maxbackup": 1,
});

/** Raised limits for benchmarks: with the default limits the two clients would be the bottleneck. */
const rateLimits = (mode: Mode): Flags =>
  mode === "kwok" ? { "kube-api-qps": 2000, "kube-api-burst": 4000 } : {};

/** Credentials and private port of a control-plane client of the API server. */
const clientFlags = (paths: ClusterPaths, user: string, port: number): Flags => {
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

function controllerManagerFlags({ paths, mode }: Layout): Flags {
  return {
    ...clientFlags(paths, "controller-manager", ports.controllerManager),
    ...rateLimits(mode),
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

function kubeletFlags({ paths, address }: Layout): Flags {
  return {
    config: join(paths.config, "kubelet.yaml"),
    kubeconfig: join(paths.config, "kubelet.kubeconfig"),
    "root-dir": join(paths.state, "kubelet"),
    "cert-dir": join(paths.run, "kubelet"),
    "hostname-override": NODE_NAME,
    "node-ip": address,
  };
}

function kwokFlags({ paths, kwok = "", address }: Layout): Flags {
  return {
    kubeconfig: join(paths.config, "kwok.kubeconfig"),
    config: join(kwok, "stages.yaml"),
    "manage-all-nodes": true,
    cidr: cidrs.pods,
    "node-ip": address,
    "server-address": `127.0.0.1:${ports.kwok}`,
    "node-lease-duration-seconds": 40,
    // Logging a line per pod would cost a benchmark more than the pod.
    v: "WARN",
  };
}
