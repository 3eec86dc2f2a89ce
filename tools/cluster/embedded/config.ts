import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { kubeconfigOf } from "../kubeconfig.ts";
import { NODE_NAME, PAUSE_IMAGE, REGISTRY, cidrs, ports } from "./constants.ts";
import type { Layout } from "./components.ts";
import { writeIfChanged } from "./files.ts";
import type { ClusterPaths } from "./paths.ts";

/** A kubeconfig that embeds the certificates, so it can be copied. */
function kubeconfig(pki: string, server: string, user: string): string {
  const read = (file: string): string => readFileSync(join(pki, file)).toString("base64");
  return kubeconfigOf(
    { server, "certificate-authority-data": read("ca.crt") },
    { "client-certificate-data": read(`${user}.crt`), "client-key-data": read(`${user}.key`) },
  );
}

/** The kubelet's configuration: folders of the cluster replace the system folders. */
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
    // The kubelet may run in a container without CAP_SYS_RESOURCE, which lowering the score needs.
    oomScoreAdj: 0,
    containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
    podLogsDir: join(paths.logs, "pods"),
    volumePluginDir: join(paths.state, "kubelet-plugins"),
    clusterDomain: "cluster.local",
    // The developer's disk may be nearly full: do not evict pods or delete images for that.
    evictionHard: { "imagefs.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%" },
    imageGCHighThresholdPercent: 100,
    // Short periods, because tests wait for changes.
    nodeStatusUpdateFrequency: "4s",
    syncFrequency: "10s",
    maxPods: 110,
    serializeImagePulls: false,
  };
}

/** kube-proxy's configuration: NodePorts answer on 127.0.0.1 of the cluster's network namespace. */
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

/** Configuration of containerd 1.6 (Debian's), which shares no folder with the system's containerd. */
export function containerdConfig(paths: ClusterPaths): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${join(paths.state, "containerd")}"
state = "${join(paths.run, "containerd")}"
[grpc]
  address = "${paths.containerdSocket}"
[${cri}]
  sandbox_image = "${PAUSE_IMAGE}"
  # A container without CAP_SYS_RESOURCE could otherwise start no sandbox.
  restrict_oom_score_adj = true
  disable_apparmor = true
  # Mounts pods' network namespaces below \`state\`, where \`down\` finds them.
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

/** The pod network: one routed veth pair per pod, without a bridge and br_netfilter. */
export function cniConfig(paths: ClusterPaths): object {
  const ipam = {
    type: "host-local",
    ranges: [[{ subnet: cidrs.nodePods }]],
    dataDir: join(paths.run, "cni"),
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return { cniVersion: "1.0.0", name: paths.netnsName, plugins: [{ type: "ptp", ipam }] };
}

/** Configuration of an image registry that stores its blobs in `folder`. */
export const registryConfig = (folder: string, address: string): object => ({
  version: "0.1",
  log: { level: "warn", accesslog: { disabled: true } },
  storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
  http: { addr: address },
});

/** Limits the API server's audit log to requests of pods, without their bodies. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    // Kubernetes' own controllers use service accounts too.
    { level: "None", userGroups: ["system:serviceaccounts:kube-system"] },
    { level: "Metadata", userGroups: ["system:serviceaccounts"] },
    { level: "None" },
  ],
} as const;

/** Writes the configuration of every component and the administrator's kubeconfig. */
export async function writeConfigs({ paths, address }: Layout): Promise<void> {
  const { pki } = paths;
  const local = `https://127.0.0.1:${ports.apiServer}`;
  const users = ["controller-manager", "scheduler", "kubelet", "proxy", "kwok"];
  const configs: Record<string, string | object> = {
    "kubelet.yaml": kubeletConfig(paths),
    "proxy.yaml": proxyConfig(paths),
    "containerd.toml": containerdConfig(paths),
    "cni/10-pods.conflist": JSON.stringify(cniConfig(paths)),
    "registry.yaml": registryConfig(join(paths.state, "registry"), REGISTRY),
    "audit.yaml": auditPolicy,
  };
  for (const user of users) configs[`${user}.kubeconfig`] = kubeconfig(pki, local, user);
  await writeIfChanged(paths.kubeconfig, kubeconfig(pki, `https://${address}:${ports.apiServer}`, "admin"));
  for (const [file, content] of Object.entries(configs)) {
    const text = typeof content === "string" ? content : stringify(content);
    await writeIfChanged(join(paths.config, file), text);
  }
}
