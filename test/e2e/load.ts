import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Cluster } from "../../tools/cluster/provider.ts";

/** What a load came to. */
export interface LoadReport {
  readonly requests: number;
  readonly failures: readonly string[];
  /** Kept connections that were closed as a request left, which was then asked again on another. */
  readonly resets: number;
  /** Answers by the version that gave them. */
  readonly versions: Readonly<Record<string, number>>;
}

/** Requests that go on until `stop`. */
export interface Load {
  readonly stop: () => Promise<LoadReport>;
}

const client = join(import.meta.dirname, "load-client.mjs");

/** Sends a bounded stream of requests to a URL from inside the cluster's network, where a ClusterIP answers. */
export async function startLoad(cluster: Cluster, url: string): Promise<Load> {
  const [file, ...args] = [...cluster.inside, process.execPath, client, url];
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`the load on ${url} ended early`);
    return value;
  };
  await next();
  const stop = async (): Promise<LoadReport> => {
    child.stdin.end();
    return JSON.parse(await next()) as LoadReport;
  };
  return { stop };
}
