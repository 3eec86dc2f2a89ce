// The only importer of @kubernetes/client-node, which is used only for YAML, for the paths in a pod, and for oidc: its
// exec plug-ins have no timeout, its kubeconfig drops impersonated groups and tokenFile, and refuses a name in two files.
// Requests use plain JSON, because the library's typed models drop unknown fields and convert dates.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { KubeConfig, loadYaml } from "@kubernetes/client-node";
import { type AccessOptions, credentialsOf } from "./access.ts";
import { fixedCredentials } from "./credentials.ts";
import { type Access, KubeconfigError, loadKubeconfig } from "./kubeconfig.ts";
import type { ApiClient, KubeObject } from "./kubernetes.ts";
import { RestClient } from "./rest.ts";
import { type RequestInfo, Transport } from "./transport.ts";

export { ApiError } from "./api-error.ts";
export type * from "./kubernetes.ts";
export type { V1CustomResourceDefinition as CustomResourceDefinition } from "@kubernetes/client-node";

export interface ClientOptions {
  /** A URL to use without credentials (kubectl proxy, tests). Takes precedence over any kubeconfig. */
  readonly server?: string | undefined;
  /** Paths of kubeconfigs, joined by ":" as in KUBECONFIG; default: ~/.kube/config, else the pod's service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Timeout per attempt, and of an exec plug-in; default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Retries after the first attempt, default 3. */
  readonly retries?: number | undefined;
  /** Maximum connections for requests, default 16. Watches use additional connections. */
  readonly connections?: number | undefined;
  /** Called after each attempt, for metrics, logs and tests. */
  readonly onRequest?: ((request: RequestInfo) => void) | undefined;
}

/** The API server and the service account of this pod. */
const podAccess = (): Access => {
  const config = new KubeConfig();
  config.loadFromCluster();
  const cluster = config.getCurrentCluster();
  const provider = config.getCurrentUser()?.authProvider as {
    readonly config: { readonly tokenFile: string };
  };
  const { tokenFile } = provider.config;
  if (cluster === null || !existsSync(tokenFile))
    throw new KubeconfigError(
      "no kubeconfig and no service account: set KUBECONFIG to the path of a kubeconfig",
    );
  return {
    cluster: { server: cluster.server, "certificate-authority": cluster.caFile },
    user: { tokenFile },
  };
};

const accessOf = ({ kubeconfig, context }: ClientOptions): Access => {
  const ownKubeconfig = join(homedir(), ".kube", "config");
  const paths = kubeconfig ?? (existsSync(ownKubeconfig) ? ownKubeconfig : undefined);
  return paths === undefined ? podAccess() : loadKubeconfig(paths, { context, parseYaml: loadYaml });
};

const oidcToken: AccessOptions["oidcToken"] = async (provider) => {
  const config = new KubeConfig();
  // The library refreshes an expired token and stores the new one in `provider`. The cluster's address is not used.
  config.loadFromClusterAndUser(
    { name: "", server: "https://localhost", skipTLSVerify: false },
    { name: "", authProvider: provider },
  );
  const options: { headers?: { Authorization?: string } } = {};
  await config.applyToHTTPSOptions(options);
  const token = options.headers?.Authorization?.replace("Bearer ", "");
  if (token === undefined)
    throw new Error("the oidc auth-provider has no valid id-token and no refresh-token");
  return token;
};

/**
 * Creates a client for the cluster that the options select. Sends no request and runs no plug-in. Throws
 * `KubeconfigError` if the kubeconfig can't be used.
 */
export const createClient = (options: ClientOptions = {}): ApiClient => {
  const { server, ...limits } = options;
  if (server !== undefined) {
    const credentials = fixedCredentials({ headers: {}, tls: {}, proxyUrl: undefined });
    return new RestClient(new Transport({ ...limits, server, credentials }));
  }
  const access = accessOf(options);
  const credentials = credentialsOf(access, { timeoutMs: options.timeoutMs ?? 30_000, oidcToken });
  return new RestClient(new Transport({ ...limits, server: access.cluster.server, credentials }));
};

/** Parses a YAML text that contains one object. */
export const parseManifest = (text: string): KubeObject => loadYaml<KubeObject>(text);
