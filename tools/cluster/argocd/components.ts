import { join } from "node:path";
import type { ProcessSpec } from "../embedded/processes.ts";
import type { ArgoCdComponent } from "./argocd.ts";
import { NAMESPACE, REVISION_CACHE, ports } from "./constants.ts";
import { environmentIn } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** What the command lines depend on. */
interface Layout {
  /** Folder of one cluster's Argo CD: kubeconfigs, checkouts, caches. */
  readonly state: string;
  /** Folder for sockets: their paths must be short. */
  readonly run: string;
  /** Folder with the binaries. */
  readonly binaries: string;
  /** The rendered manifests. */
  readonly objects: readonly KubeObject[];
}

/** Components in the order in which they start. */
export const argoCdComponents: readonly ArgoCdComponent[] = [
  "argocd-redis",
  "argocd-repo-server",
  "argocd-application-controller",
  "argocd-applicationset-controller",
];

/** Those that talk to the API server, each by the service account of its own name. */
export const withServiceAccount: readonly ArgoCdComponent[] = [
  "argocd-application-controller",
  "argocd-applicationset-controller",
];

/** Port that is served once a component is ready. */
export const readyPort: Record<ArgoCdComponent, number> = {
  "argocd-redis": ports.redis,
  "argocd-repo-server": ports.repoServer,
  "argocd-application-controller": ports.controllerMetrics,
  "argocd-applicationset-controller": ports.applicationSetProbe,
};

export const kubeconfigOf = (state: string, user: string): string => join(state, `${user}.kubeconfig`);

/** Folder below which a component keeps what it writes. */
export const scratchOf = (state: string, component: ArgoCdComponent): string => join(state, component);

/** Command line of one component. */
export function specOf(component: ArgoCdComponent, layout: Layout): ProcessSpec {
  return { name: component, argv: argvOf[component](layout) };
}

const REDIS = `127.0.0.1:${ports.redis}`;
const REPO_SERVER = `127.0.0.1:${ports.repoServer}`;

const argvOf: Record<ArgoCdComponent, (layout: Layout) => string[]> = {
  // No password, unlike the official one: it is reached from this namespace's loopback device only.
  "argocd-redis": ({ state }) => {
    const values = { bind: "127.0.0.1", port: ports.redis, save: "", appendonly: "no" };
    const flags = Object.entries({ ...values, dir: scratchOf(state, "argocd-redis") });
    return ["redis-server", ...flags.flatMap(([key, value]) => [`--${key}`, String(value)])];
  },
  "argocd-repo-server": (layout) =>
    process("argocd-repo-server", layout, {
      values: { REDIS_SERVER: REDIS, ...repoServerPaths(layout) },
      flags: {
        address: "127.0.0.1",
        port: ports.repoServer,
        "metrics-address": "127.0.0.1",
        "metrics-port": ports.repoServerMetrics,
        "revision-cache-expiration": REVISION_CACHE,
      },
    }),
  "argocd-application-controller": (layout) =>
    process("argocd-application-controller", layout, {
      values: {
        REDIS_SERVER: REDIS,
        ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER: REPO_SERVER,
        KUBECACHEDIR: join(scratchOf(layout.state, "argocd-application-controller"), "kubecache"),
        // The number at the end is that of the shard.
        HOSTNAME: "argocd-application-controller-0",
        ...kubernetesAccess(layout, "argocd-application-controller"),
      },
      flags: { "metrics-port": ports.controllerMetrics },
    }),
  "argocd-applicationset-controller": (layout) =>
    process("argocd-applicationset-controller", layout, {
      values: {
        ARGOCD_APPLICATIONSET_CONTROLLER_REPO_SERVER: REPO_SERVER,
        ...kubernetesAccess(layout, "argocd-applicationset-controller"),
      },
      flags: {
        "metrics-addr": `127.0.0.1:${ports.applicationSetMetrics}`,
        "probe-addr": `127.0.0.1:${ports.applicationSetProbe}`,
        "webhook-addr": `127.0.0.1:${ports.applicationSetWebhook}`,
      },
    }),
};

/** Access to the API server from outside a pod, by the component's own service account. */
const kubernetesAccess = ({ state }: Layout, component: ArgoCdComponent): Record<string, string> => ({
  KUBECONFIG: kubeconfigOf(state, component),
  ARGOCD_FAKE_IN_CLUSTER: "true",
  NAMESPACE,
});

/** What the official pod has below /app/config and /helm-working-dir. */
function repoServerPaths({ state, run }: Layout): Record<string, string> {
  const below = (path: string): string => join(scratchOf(state, "argocd-repo-server"), path);
  return {
    ARGOCD_TLS_DATA_PATH: below("tls"),
    ARGOCD_SSH_DATA_PATH: below("ssh"),
    ARGOCD_GNUPGHOME: below("gnupg"),
    ARGOCD_GPG_DATA_PATH: below("gpg"),
    ARGOCD_GPG_ENABLED: "false",
    ARGOCD_PLUGINSOCKFILEPATH: below("plugins"),
    ARGOCD_ASK_PASS_SOCK: join(run, "argocd-ask-pass.sock"),
    // No file there: then no client certificate is asked for.
    ARGOCD_REPO_SERVER_CLIENT_CA_PATH: below("client-ca"),
    ...Object.fromEntries(["CACHE", "CONFIG", "DATA"].map((one) => [`HELM_${one}_HOME`, below("helm")])),
  };
}

interface Differences {
  /** Environment that differs from the official manifests'. */
  readonly values: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string | number>>;
}

/** A component with the environment that the official manifests give it, except for what differs here. */
function process(
  component: ArgoCdComponent,
  { state, binaries, objects }: Layout,
  { values, flags }: Differences,
): string[] {
  const scratch = scratchOf(state, component);
  const environment: Record<string, string> = {
    ...environmentIn(objects, component),
    PATH: `${binaries}:/usr/local/bin:/usr/bin:/bin`,
    HOME: scratch,
    TMPDIR: scratch,
    ...values,
  };
  // Nothing of the environment that `up` is called in: a GIT_… or a proxy in it would change what is synced.
  const assignments = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  const options = Object.entries(flags).map(([key, value]) => `--${key}=${value}`);
  return ["env", "-i", ...assignments, join(binaries, component), ...options];
}
