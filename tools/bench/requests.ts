/** Requests to the API server by what was asked: `PATCH deployments`, `GET pods`. */
export type Requests = Readonly<Record<string, number>>;

const line = /^rest_client_requests_total\{([^}]*)\} (\S+)$/;
const label = /(\w+)="([^"]*)"/g;

/** Reads the operator's own count from its metrics. */
export function requestsIn(exposition: string): Requests {
  const requests: Record<string, number> = {};
  for (const text of exposition.split("\n")) {
    const [, labels = "", value] = line.exec(text) ?? [];
    if (value === undefined) continue;
    const { method, resource } = Object.fromEntries(
      [...labels.matchAll(label)].map(([, name = "", is = ""]) => [name, is]),
    );
    const kind = `${method} ${resource}`;
    requests[kind] = (requests[kind] ?? 0) + Number(value);
  }
  return requests;
}

/** What came to `before` meanwhile. */
export const difference = (after: Requests, before: Requests): Requests =>
  Object.fromEntries(
    Object.entries(after)
      .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );

/** Without reads, and without the Lease, whose renewal goes on whatever happens. */
export const writesAmong = (requests: Requests): Requests =>
  Object.fromEntries(Object.entries(requests).filter(([kind]) => !/^GET | leases$/.test(kind)));

export const total = (requests: Requests): number =>
  Object.values(requests).reduce((sum, count) => sum + count, 0);

/** The average over `count` changes. */
export const per = (count: number, requests: Requests): Requests =>
  Object.fromEntries(Object.entries(requests).map(([kind, value]) => [kind, value / count]));
