import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { command } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";

interface LoadReport {
  readonly requests: number;
  readonly failures: readonly string[];
  /** Number of requests that were repeated because the server closed a kept connection just then. */
  readonly resets: number;
  /** Number of responses by the version that sent them. */
  readonly versions: Readonly<Record<string, number>>;
}

const client = join(import.meta.dirname, "load-client.mjs");

/**
 * Sends requests to a URL at a limited rate, from the cluster's network, where ClusterIPs are reachable, until the returned
 * function is called.
 */
export async function startLoad(
  cluster: Cluster,
  url: string,
  callers?: number,
): Promise<() => Promise<LoadReport>> {
  const [file, ...args] = [...cluster.inside, process.execPath, client, url, "Infinity", `${callers ?? ""}`];
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`the load on ${url} ended early`);
    return value;
  };
  await nextLine();
  return async () => {
    child.stdin.end();
    return JSON.parse(await nextLine()) as LoadReport;
  };
}

/** Sends a number of requests to a URL from the cluster's network, each over a new connection. */
export async function sampleLoad(cluster: Cluster, url: string, requests: number): Promise<LoadReport> {
  const argv = [...cluster.inside, process.execPath, client, url, `${requests}`];
  return JSON.parse(await command(argv)) as LoadReport;
}
