import { readFile } from "node:fs/promises";
import type { Cluster } from "../../tools/cluster/provider.ts";

/** One request in the API server's audit log. */
export interface Request {
  readonly verb: string;
  readonly user: {
    readonly username: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly stageTimestamp: string;
}

/** The requests of a service account since a time, from the API server's audit log. */
export async function requestsOf(
  cluster: Cluster,
  user: string,
  sinceMs: number,
): Promise<readonly Request[]> {
  const file = cluster.logFile("audit");
  if (file === undefined) throw new Error("this provider keeps no audit log: use DEMOAPP_CLUSTER=embedded");
  return (await readFile(file, "utf8"))
    .split("\n")
    .filter((line) => line.includes(user) && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Request)
    .filter((request) => request.user.username === user && Date.parse(request.stageTimestamp) >= sinceMs);
}
