import { join } from "node:path";
import type { ProcessSpec } from "../embedded/processes.ts";
import { NAMESPACE, REVISION_CACHE, ports } from "./constants.ts";
import { environmentIn } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** Components in the order in which they start. */
export const argoCdComponents = [
  "argocd-redis",
  "argocd-repo-server",
  "argocd-application-controller",
  "argocd-applicationset-controller",
] as const;
export type ArgoCdComponent = (typeof argoCdComponents)[number];

/** Folders and manifests that the command lines use. */
export interface Layout {
  /** State folder of this cluster's Argo CD: kubeconfigs, clones, caches. */
  readonly state: string;
  /** Folder for sockets. Socket paths must be short. */
  readonly run: string;
  /** Folder that `ensureArgoCd` returns. */
  readonly binaries: string;
  /** The rendered manifests. */
  readonly objects: readonly KubeObject[];
}

/** Components that call the API server. Each uses the service account with its name. */
export const withServiceAccount: readonly ArgoCdComponent[] = [
  "argocd-application-controller",
  "argocd-applicationset-controller",
];

/** The port that a component opens once it is ready. */
export const readyPort: Record<ArgoCdComponent, number> = {
  "argocd-redis": ports.redis,
  "argocd-repo-server": ports.repoServer,
  "argocd-application-controller": ports.controllerMetrics,
  "argocd-applicationset-controller": ports.applicationSetProbe,
};

export const kubeconfigOf = (state: string, user: string): string => join(state, `${user}.kubeconfig`);

/** The folder that a component writes to. */
export const scratchOf = (state: string, component: ArgoCdComponent): string => join(state, component);

/** Command line of a component. */
export function specOf(component: ArgoCdComponent, layout: Layout): ProcessSpec {
  return { name: component, argv: argvOf[component](layout) };
}

const REDIS = `127.0.0.1:${ports.redis}`;
const REPO_SERVER = `127.0.0.1:${ports.repoServer}`;

const argvOf: Record<ArgoCdComponent, (layout: Layout) => string[]> = {
  // The official redis has a password. This one only listens on loopback in the cluster's network namespace.
  "argocd-redis": ({ state }) => {
    const values = { bind: "127.0.0.1", port: ports.redis, save: "", appendonly: "no" };
    const flags = Object.entries({ ...values, dir: scratchOf(state, "argocd-redis") });
    return ["redis-server", ...flags.flatMap(([key, value]) => [`--${key}`, String(value)])];
  },
  "argocd-repo-server": (layout) =>
    argocdProcess("argocd-repo-server", layout, {
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
    argocdProcess("argocd-application-controller", layout, {
      values: {
        REDIS_SERVER: REDIS,
        ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER: REPO_SERVER,
        KUBECACHEDIR: join(scratchOf(layout.state, "argocd-application-controller"), "kubecache"),
        // The number at the end is the shard's.
        HOSTNAME: "argocd-application-controller-0",
        ...kubernetesAccess(layout, "argocd-application-controller"),
      },
      flags: { "metrics-port": ports.controllerMetrics },
    }),
  "argocd-applicationset-controller": (layout) =>
    argocdProcess("argocd-applicationset-controller", layout, {
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

/** Environment with which a component outside a pod uses its service account. */
const kubernetesAccess = ({ state }: Layout, component: ArgoCdComponent): Record<string, string> => ({
  KUBECONFIG: kubeconfigOf(state, component),
  ARGOCD_FAKE_IN_CLUSTER: "true",
  NAMESPACE,
});

/** Paths for the files that the official pod has in /app/config and /helm-working-dir. */
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
    // The file doesn't exist, so the repo server requires no client certificate.
    ARGOCD_REPO_SERVER_CLIENT_CA_PATH: below("client-ca"),
    ...Object.fromEntries(["CACHE", "CONFIG", "DATA"].map((name) => [`HELM_${name}_HOME`, below("helm")])),
  };
}

interface Differences {
  /** Environment that replaces or extends the official manifests' environment. */
  readonly values: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string | number>>;
}

/** Command line of an Argo CD binary, with the environment from the official manifests and the given differences. */
function argocdProcess(
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
  // `env -i` removes the caller's environment: its GIT_* or proxy variables would change what Argo CD syncs.
  const assignments = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  const options = Object.entries(flags).map(([key, value]) => `--${key}=${value}`);
  return ["env", "-i", ...assignments, join(binaries, component), ...options];
}
