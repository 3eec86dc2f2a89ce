import { ArgoCd } from "./cluster/argocd/argocd.ts";
import { EmbeddedCluster } from "./cluster/embedded/cluster.ts";
import { ensureBinaries } from "./cluster/embedded/toolchain.ts";
import { silent } from "./cluster/progress.ts";
import type { Progress } from "./cluster/progress.ts";
import { clusterFor } from "./cluster/provider.ts";
import type { Cluster } from "./cluster/provider.ts";

/**
 * The cluster that a tier's tests share, and the one of E2E tests that stop or replace the operator. `npm test` removes
 * them; a test run by hand leaves them up.
 */
const shared = {
  api: { name: "test-api", mode: "api" },
  e2e: { name: "test-e2e", mode: "node" },
  exclusive: { name: "test-exclusive", mode: "node" },
  gitops: { name: "test-gitops", mode: "node" },
} as const;

/** Clusters of single tests. They stay behind if a test is killed. */
const others = [
  "selftest-a",
  "selftest-b",
  "selftest-argo",
  "bench-quick",
  "test-demo",
  "test-demo-canary",
  "test-demo-bluegreen",
  "test-demo-gitops",
  "test-rebuild",
];

const hasCluster = (tier: string): tier is keyof typeof shared => tier in shared;

/** True if tests of the tier may leave a cluster behind. Looking for one needs a machine that can run clusters. */
export const startsClusters = (tier: string): boolean => hasCluster(tier) || tier === "cluster";

/** Starts or repairs the tier's cluster. The first start on a machine takes minutes, to build the binaries. */
export async function testCluster(tier: keyof typeof shared, progress: Progress = silent): Promise<Cluster> {
  const { name, mode } = shared[tier];
  if (tier === "gitops") return clusterWithArgoCd(name, progress);
  const cluster = await clusterFor(name, mode);
  await cluster.up(progress);
  return cluster;
}

/** Starts or repairs a cluster with Argo CD. */
export async function clusterWithArgoCd(name: string, progress: Progress = silent): Promise<Cluster> {
  const cluster = await clusterFor(name, "node");
  const argo = new ArgoCd(cluster);
  await cluster.up(progress);
  await argo.up(progress);
  return cluster;
}

/**
 * Prepares a tier: starts the cluster that its tests share. For the tier `cluster`, whose tests start clusters of their
 * own, builds the binaries: the first build on a machine takes longer than a test may.
 */
export async function prepareTier(tier: string, progress: Progress): Promise<void> {
  if (hasCluster(tier)) await testCluster(tier, progress);
  if (tier === "cluster" && (await clusterFor("selftest-a", "node")) instanceof EmbeddedCluster)
    for (const module of ["kubernetes", "kwok"] as const) await ensureBinaries(module, progress);
}

/** Removes every cluster that a test of any tier may have started. */
export async function removeTestClusters(progress: Progress): Promise<void> {
  for (const name of [...Object.values(shared).map((cluster) => cluster.name), ...others]) {
    const cluster = await clusterFor(name, "node");
    if ((await cluster.status()).state !== "down") await cluster.down(progress);
  }
}
