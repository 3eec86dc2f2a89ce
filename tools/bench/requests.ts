/** Number of requests to the API server by verb and resource, such as `PATCH deployments`. */
export type Requests = Readonly<Record<string, number>>;

/** Reads the operator's request counters from its metrics. */
export function requestsIn(metrics: string): Requests {
  const requests: Record<string, number> = {};
  for (const [, labels = "", count] of metrics.matchAll(/^rest_client_requests_total\{([^}]*)\} (\S+)$/gm)) {
    const label = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1];
    const kind = `${label("method")} ${label("resource")}`;
    requests[kind] = (requests[kind] ?? 0) + Number(count);
  }
  return requests;
}

const mapCounts = (requests: Requests, map: (count: number, kind: string) => number): Requests =>
  Object.fromEntries(Object.entries(requests).map(([kind, count]) => [kind, map(count, kind)]));

/** Requests between two readings. */
export const difference = (after: Requests, before: Requests): Requests => {
  const counts = mapCounts(after, (count, kind) => count - (before[kind] ?? 0));
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
};

/** Without reads, and without the Lease, which is renewed in any case. */
export const writesAmong = (requests: Requests): Requests =>
  Object.fromEntries(Object.entries(requests).filter(([kind]) => !/^GET | leases$/.test(kind)));

export const total = (requests: Requests): number =>
  Object.values(requests).reduce((sum, count) => sum + count, 0);

/** The average over `count` changes. */
export const per = (count: number, requests: Requests): Requests =>
  mapCounts(requests, (value) => value / count);
