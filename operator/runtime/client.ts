// The only importer of @kubernetes/client-node, which is used for what it does well: kubeconfig, in-cluster and
// exec credentials. Requests are JSON in, JSON out: its typed models drop unknown fields and turn dates.
import { KubeConfig, loadYaml } from "@kubernetes/client-node";
import type { ApiClient, KubeObject } from "./kubernetes.ts";
import type { TlsMaterial } from "./connections.ts";
import { RestClient } from "./rest.ts";
import { type Credentials, type RequestInfo, Transport } from "./transport.ts";

export { ApiError } from "./api-error.ts";
export type * from "./kubernetes.ts";
export type { V1CustomResourceDefinition as CustomResourceDefinition } from "@kubernetes/client-node";

export interface ClientOptions {
  /** A plain URL without credentials (kubectl proxy, tests); takes precedence over any kubeconfig. */
  readonly server?: string | undefined;
  /** Path of a kubeconfig; default: $KUBECONFIG, ~/.kube/config, the pod's service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Per attempt, default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Retries after the first attempt, default 3. */
  readonly retries?: number | undefined;
  /** Connections for requests, default 16; watches have connections of their own. */
  readonly connections?: number | undefined;
  /** Called after each attempt, for metrics and for tests that count. */
  readonly onRequest?: ((request: RequestInfo) => void) | undefined;
}

const loadKubeConfig = ({ kubeconfig, context }: ClientOptions): KubeConfig => {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  return config;
};

/** What KubeConfig puts into the options of a request. */
interface AuthOptions extends TlsMaterial {
  headers?: Record<string, string>;
  auth?: string;
}

/** Reads the credentials anew each time: token files are rotated, exec plugins' tokens expire. */
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
 * A client for the cluster that the options name. Throws if the kubeconfig can't be read or names no cluster; the
 * server need not answer yet.
 */
export const createClient = (options: ClientOptions = {}): ApiClient => {
  const { server, ...limits } = options;
  if (server !== undefined) {
    const anonymous = (): Promise<Credentials> =>
      Promise.resolve({ headers: {}, tls: {}, proxyUrl: undefined });
    return new RestClient(new Transport({ ...limits, server, credentials: anonymous }));
  }
  const config = loadKubeConfig(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`the kubeconfig has no context "${config.getCurrentContext()}" with a cluster`);
  return new RestClient(
    new Transport({ ...limits, server: cluster.server, credentials: credentialsOf(config) }),
  );
};

/** The one object that a YAML text holds. */
export const parseManifest = (text: string): KubeObject => loadYaml<KubeObject>(text);
