// The only importer of @kubernetes/client-node, which is used only for credentials: kubeconfig, in-cluster and exec.
// Requests use plain JSON, because the library's typed models drop unknown fields and convert dates.
import { KubeConfig, loadYaml } from "@kubernetes/client-node";
import type { ApiClient, KubeObject } from "./kubernetes.ts";
import type { TlsMaterial } from "./connections.ts";
import { RestClient } from "./rest.ts";
import { type Credentials, type RequestInfo, Transport } from "./transport.ts";

export { ApiError } from "./api-error.ts";
export type * from "./kubernetes.ts";
export type { V1CustomResourceDefinition as CustomResourceDefinition } from "@kubernetes/client-node";

export interface ClientOptions {
  /** A URL to use without credentials (kubectl proxy, tests). Takes precedence over any kubeconfig. */
  readonly server?: string | undefined;
  /** Path of a kubeconfig; default: the first of $KUBECONFIG, ~/.kube/config and the pod's service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Timeout per attempt, default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Retries after the first attempt, default 3. */
  readonly retries?: number | undefined;
  /** Maximum connections for requests, default 16. Watches use additional connections. */
  readonly connections?: number | undefined;
  /** Called after each attempt, for metrics, logs and tests. */
  readonly onRequest?: ((request: RequestInfo) => void) | undefined;
}

const loadKubeConfig = ({ kubeconfig, context }: ClientOptions): KubeConfig => {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  return config;
};

/** The request options that KubeConfig sets. */
interface AuthOptions extends TlsMaterial {
  headers?: Record<string, string>;
  auth?: string;
}

/** Returns a function that reads the current credentials: token files are rotated, tokens of exec plugins expire. */
const credentialsOf = (config: KubeConfig) => async (): Promise<Credentials> => {
  const options: AuthOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = { ...options.headers };
  if (options.auth !== undefined)
    headers.Authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return { headers, tls, proxyUrl: config.getCurrentCluster()?.proxyUrl };
};

/**
 * Creates a client for the cluster that the options select. Sends no request. Throws if the kubeconfig can't be read or
 * its context has no cluster.
 */
export const createClient = (options: ClientOptions = {}): ApiClient => {
  const { server, ...limits } = options;
  if (server !== undefined) {
    const noCredentials = (): Promise<Credentials> =>
      Promise.resolve({ headers: {}, tls: {}, proxyUrl: undefined });
    return new RestClient(new Transport({ ...limits, server, credentials: noCredentials }));
  }
  const config = loadKubeConfig(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`the kubeconfig has no context "${config.getCurrentContext()}" with a cluster`);
  return new RestClient(
    new Transport({ ...limits, server: cluster.server, credentials: credentialsOf(config) }),
  );
};

/** Parses a YAML text that contains one object. */
export const parseManifest = (text: string): KubeObject => loadYaml<KubeObject>(text);
