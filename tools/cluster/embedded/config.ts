import { readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { NODE_NAME, PAUSE_IMAGE, REGISTRY, cidrs, ports } from "./constants.ts";
import type { Layout } from "./components.ts";
import type { ClusterPaths } from "./paths.ts";

/** A kubeconfig that carries its certificates in itself, so that it can be copied. */
function kubeconfig(pki: string, server: string, user: string): string {
  const read = (file: string): string => readFileSync(join(pki, file)).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "demoapp", cluster: { server, "certificate-authority-data": read("ca.crt") } }],
    users: [
      {
        name: user,
        user: { "client-certificate-data": read(`${user}.crt`), "client-key-data": read(`${user}.key`) },
      },
    ],
    contexts: [{ name: "demoapp", context: { cluster: "demoapp", user } }],
    "current-context": "demoapp",
  });
}

/** Kubelet configuration: everything it would put in a system folder goes below the cluster's own. */
export function kubeletConfig(paths: ClusterPaths): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(paths.pki, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: join(paths.pki, "kubelet-server.crt"),
    tlsPrivateKeyFile: join(paths.pki, "kubelet-server.key"),
    port: ports.kubelet,
    healthzPort: ports.kubeletHealth,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${paths.cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    // Lowering its own score needs CAP_SYS_RESOURCE, which a container may lack.
    oomScoreAdj: 0,
    containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
    podLogsDir: join(paths.logs, "pods"),
    volumePluginDir: join(paths.state, "kubelet-plugins"),
    clusterDomain: "cluster.local",
    // The disk is the developer's: never evict pods or delete images because it is rather full.
    evictionHard: { "imagefs.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%" },
    imageGCHighThresholdPercent: 100,
    // What changes shows at once: tests wait for it.
    nodeStatusUpdateFrequency: "4s",
    syncFrequency: "10s",
    maxPods: 110,
    serializeImagePulls: false,
  };
}

/** kube-proxy configuration: NodePorts answer on 127.0.0.1 inside the cluster's namespace. */
export function proxyConfig(paths: ClusterPaths): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: join(paths.config, "proxy.kubeconfig") },
    hostnameOverride: NODE_NAME,
    clusterCIDR: cidrs.pods,
    mode: "iptables",
    iptables: { localhostNodePorts: true, minSyncPeriod: "0s" },
    nodePortAddresses: ["127.0.0.0/8"],
    conntrack: { maxPerCore: 0 },
    oomScoreAdj: 0,
    healthzBindAddress: `127.0.0.1:${ports.proxyHealth}`,
    metricsBindAddress: `127.0.0.1:${ports.proxyMetrics}`,
  };
}

/** containerd configuration (Debian's 1.6), sharing no folder with the system's containerd. */
export function containerdConfig(paths: ClusterPaths): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${join(paths.state, "containerd")}"
state = "${join(paths.run, "containerd")}"
[grpc]
  address = "${paths.containerdSocket}"
[${cri}]
  sandbox_image = "${PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE no sandbox would start.
  restrict_oom_score_adj = true
  disable_apparmor = true
  # Pods' network namespaces are mounted below \`state\`, where \`down\` finds them.
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(paths.config, "cni")}"
  [${cri}.containerd]
    snapshotter = "overlayfs"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "${join(paths.run, "runc")}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(paths.state, "containerd-opt")}"
`;
}

/** Pod network: a routed veth pair for each pod, which needs neither a bridge nor br_netfilter. */
export function cniConfig(paths: ClusterPaths): object {
  const ranges = [[{ subnet: cidrs.nodePods }]];
  return {
    cniVersion: "1.0.0",
    name: paths.netnsName,
    plugins: [
      {
        type: "ptp",
        ipam: {
          type: "host-local",
          ranges,
          dataDir: join(paths.run, "cni"),
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}

/** Configuration of the image registry. */
export function registryConfig(paths: ClusterPaths): object {
  return {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(paths.state, "registry") }, delete: { enabled: true } },
    http: { addr: REGISTRY },
  };
}

/** Which requests the API server notes in its audit log: those of pods, without their bodies. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    // The controllers of Kubernetes itself have service accounts as well.
    { level: "None", userGroups: ["system:serviceaccounts:kube-system"] },
    { level: "Metadata", userGroups: ["system:serviceaccounts"] },
    { level: "None" },
  ],
} as const;

/** Writes the configuration of every component, and the administrator's kubeconfig. */
export async function writeConfigs({ paths, address }: Layout): Promise<void> {
  const local = `https://127.0.0.1:${ports.apiServer}`;
  const users = ["controller-manager", "scheduler", "kubelet", "proxy", "kwok"];
  const file = (name: string): string => join(paths.config, name);
  await Promise.all([
    writeConfig(paths.kubeconfig, kubeconfig(paths.pki, `https://${address}:${ports.apiServer}`, "admin")),
    ...users.map((user) => writeConfig(file(`${user}.kubeconfig`), kubeconfig(paths.pki, local, user))),
    writeConfig(file("kubelet.yaml"), kubeletConfig(paths)),
    writeConfig(file("proxy.yaml"), proxyConfig(paths)),
    writeConfig(file("containerd.toml"), containerdConfig(paths)),
    writeConfig(file("cni/10-pods.conflist"), JSON.stringify(cniConfig(paths))),
    writeConfig(file("registry.yaml"), registryConfig(paths)),
    writeConfig(file("audit.yaml"), auditPolicy),
  ]);
}

/** Writes a file unless it already says so, whole or not at all. */
async function writeConfig(file: string, content: string | object): Promise<void> {
  const text = typeof content === "string" ? content : stringify(content);
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, text, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}
