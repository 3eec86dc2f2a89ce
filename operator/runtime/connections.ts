import { Agent, type Dispatcher, ProxyAgent } from "undici";

/** The part of TLS options that comes from a kubeconfig. */
export interface TlsMaterial {
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** What decides which connections may be shared. */
interface ConnectionIdentity {
  readonly tls: TlsMaterial;
  readonly proxyUrl: string | undefined;
}

/**
 * Requests share a bounded number of connections. Each watch occupies one for minutes, and some requests must not wait
 * behind others: those have as many as they need.
 */
interface Pools {
  readonly identity: ConnectionIdentity;
  readonly requests: Dispatcher;
  readonly unbounded: Dispatcher;
}

const materials = ["ca", "cert", "key", "servername", "rejectUnauthorized"] as const;

const sameMaterial = (a: unknown, b: unknown): boolean =>
  Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;

const sameIdentity = (a: ConnectionIdentity, b: ConnectionIdentity): boolean =>
  a === b || (a.proxyUrl === b.proxyUrl && materials.every((name) => sameMaterial(a.tls[name], b.tls[name])));

const createDispatcher = ({ tls, proxyUrl }: ConnectionIdentity, connections: number | null): Dispatcher => {
  // HTTP/1.1: with HTTP/2 all requests and watches would share, and lose, one connection.
  const pool = {
    connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 600_000,
  };
  // Below the 60 s after which load balancers drop idle connections, as in client-go.
  const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
  if (proxyUrl === undefined) return new Agent({ ...pool, connect });
  if (!/^https?:/.test(proxyUrl))
    throw new Error(`the kubeconfig's proxy-url ${proxyUrl} is not supported: use http or https`);
  return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: connect });
};

/** One set of connections per credentials, made anew only when a certificate changes. */
export class ConnectionPools {
  readonly #connections: number;
  #current: Pools | undefined;

  constructor(connections: number) {
    this.#connections = connections;
  }

  get(identity: ConnectionIdentity): Pools {
    if (this.#current !== undefined && sameIdentity(this.#current.identity, identity)) return this.#current;
    const previous = this.#current;
    this.#current = {
      identity,
      requests: createDispatcher(identity, this.#connections),
      unbounded: createDispatcher(identity, null),
    };
    // What runs on the old connections ends there; nobody waits for it.
    if (previous !== undefined) closePools(previous).catch(() => undefined);
    return this.#current;
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) await closePools(current);
  }
}

const closePools = async (pools: Pools): Promise<void> => {
  await Promise.all([pools.requests.close(), pools.unbounded.close()]);
};
