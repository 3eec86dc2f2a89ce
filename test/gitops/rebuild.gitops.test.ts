import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterPaths } from "../../tools/cluster/embedded/paths.ts";
import { silent } from "../../tools/cluster/progress.ts";
import { Operator } from "../e2e/operator.ts";
import { createClient } from "../../operator/runtime/client.ts";
import { reinstall } from "./installation.ts";
import { GitOps } from "./scene.ts";

const everything = ["root", "demoapp-crd", "demoapp-operator", "webapp-dev", "webapp-staging", "webapp-prod"];

let gitops: GitOps;

beforeAll(async () => {
  gitops = await GitOps.open();
});
afterAll(() => gitops.close());

/** Waits until every Application is Synced and Healthy at the newest commit; gives the apps' phases. */
async function asGitSays(): Promise<readonly string[]> {
  const commit = await gitops.repository.head();
  await Promise.all(everything.map((name) => gitops.healthyAt(name, commit)));
  const phases = ["get", "demoapps", "--all-namespaces", "-o", "jsonpath={.items[*].status.phase}"];
  return (await gitops.kubectl(...phases)).split(" ");
}
const healthy = ["Healthy", "Healthy", "Healthy"];

test("the CRD and the operator are deleted by hand: they come back, and so do the apps, in whatever order", async () => {
  expect(await asGitSays()).toEqual(healthy);
  const kubectl = ["--wait=false", "--ignore-not-found"];
  await gitops.kubectl("delete", "crd", "demoapps.demoapp.dev", ...kubectl);
  await gitops.kubectl("-n", "demoapp-system", "delete", "deployment", "demoapp-operator", ...kubectl);
  await gitops.until("webapp-dev", (app) => app.status?.health?.status !== "Healthy");
  expect(await asGitSays()).toEqual(healthy);
  await new Operator(gitops.cluster, gitops.client).ready();
});

/** Takes the cluster down and up again, with nothing in it; the images are kept, as a registry elsewhere keeps them. */
async function lose({ cluster }: GitOps): Promise<void> {
  const registry = join(clusterPaths(cluster.name).state, "registry");
  const kept = await mkdtemp(join(tmpdir(), "demoapp-registry-"));
  try {
    await cp(registry, kept, { recursive: true });
    await cluster.down(silent);
    await cluster.up(silent);
    await cluster.kill("registry");
    await cp(kept, registry, { recursive: true });
    await cluster.start("registry");
  } finally {
    await rm(kept, { recursive: true, force: true });
  }
}

test("the cluster is lost: Argo CD and one command bring all of it back from Git", async () => {
  expect(await asGitSays()).toEqual(healthy);
  const { cluster, releases } = gitops;
  await gitops.close();
  await lose(gitops);
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  try {
    await reinstall(cluster, client, releases);
  } finally {
    await client.close();
  }
  gitops = await GitOps.open();
  expect(await asGitSays()).toEqual(healthy);
});
