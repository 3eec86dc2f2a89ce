import { argoCdFor, requireLocalRepository } from "./cluster/argocd/argocd.ts";
import { silent } from "./cluster/progress.ts";
import type { Progress } from "./cluster/progress.ts";
import { clusterFor } from "./cluster/provider.ts";
import type { Cluster } from "./cluster/provider.ts";

/** The cluster that the tests of a tier share. `npm test` removes it; after a test run by hand it stays up. */
const shared = {
  api: { name: "test-api", mode: "api" },
  e2e: { name: "test-e2e", mode: "node" },
  gitops: { name: "test-gitops", mode: "node" },
} as const;

/** Names that tests of clusters give to theirs, and would leave behind if they were killed. */
const others = ["selftest-a", "selftest-b", "selftest-argo", "bench-quick", "test-demo", "test-demo-gitops"];

export const hasCluster = (tier: string): tier is keyof typeof shared => tier in shared;

/** True if tests of the tier may leave a cluster behind; to look for one takes a machine that can run one. */
export const startsClusters = (tier: string): boolean => hasCluster(tier) || tier === "cluster";

/** Brings the tier's cluster up if it isn't, with Argo CD where it belongs to it: its first build takes minutes. */
export async function testCluster(tier: keyof typeof shared, progress: Progress = silent): Promise<Cluster> {
  const { name, mode } = shared[tier];
  const cluster = await clusterFor(name, mode);
  if (tier === "gitops") requireLocalRepository(cluster);
  await cluster.up(progress);
  if (tier === "gitops") await argoCdFor(cluster).up(progress);
  return cluster;
}

/** Removes every cluster that a test of any tier may have started. */
export async function removeTestClusters(progress: Progress): Promise<void> {
  for (const name of [...Object.values(shared).map((cluster) => cluster.name), ...others]) {
    const cluster = await clusterFor(name, "node");
    if ((await cluster.status()).state !== "down") await cluster.down(progress);
  }
}
