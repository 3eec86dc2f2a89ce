import { Agent, type Dispatcher, ProxyAgent } from "undici";

/** The TLS options that a kubeconfig can set. */
export interface TlsMaterial {
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Requests share connections only if their identities are equal. */
interface ConnectionIdentity {
  readonly tls: TlsMaterial;
  readonly proxyUrl: string | undefined;
}

/**
 * `requests` has a bounded number of connections. `unbounded` is for watches, which occupy a connection for minutes,
 * and for urgent requests, which must not wait for other requests.
 */
interface Pools {
  readonly identity: ConnectionIdentity;
  readonly requests: Dispatcher;
  readonly unbounded: Dispatcher;
}

const tlsFields = ["ca", "cert", "key", "servername", "rejectUnauthorized"] as const;

const isSameValue = (a: unknown, b: unknown): boolean =>
  Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;

const isSameIdentity = (a: ConnectionIdentity, b: ConnectionIdentity): boolean =>
  a === b || (a.proxyUrl === b.proxyUrl && tlsFields.every((name) => isSameValue(a.tls[name], b.tls[name])));

const createDispatcher = ({ tls, proxyUrl }: ConnectionIdentity, connections: number | null): Dispatcher => {
  // HTTP/1.1 only: with HTTP/2, all requests and watches would share one connection and fail together.
  const pool = {
    connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 600_000,
  };
  // TCP keep-alive every 30 s, as in client-go: load balancers drop connections that are idle for 60 s.
  const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
  if (proxyUrl === undefined) return new Agent({ ...pool, connect });
  return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: connect });
};

/** Holds the connection pools of the current credentials. Creates new pools only if TLS options or proxy change. */
export class ConnectionPools {
  readonly #connections: number;
  #current: Pools | undefined;

  constructor(connections: number) {
    this.#connections = connections;
  }

  get(identity: ConnectionIdentity): Pools {
    if (this.#current !== undefined && isSameIdentity(this.#current.identity, identity)) return this.#current;
    const previous = this.#current;
    this.#current = {
      identity,
      requests: createDispatcher(identity, this.#connections),
      unbounded: createDispatcher(identity, null),
    };
    // Requests in progress complete on the old connections; `close` waits for them in the background.
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
