import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../tools/cluster/command.ts";
import { clusterPaths } from "../../tools/cluster/embedded/paths.ts";
import { silent } from "../../tools/cluster/progress.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { type Application, isSynced, syncMessages } from "../../tools/gitops/application.ts";
import { bootstrap } from "../../tools/gitops/installation.ts";
import { pinned } from "../../tools/gitops/repository.ts";
import { clusterWithArgoCd } from "../../tools/testclusters.ts";
import { Operator } from "../e2e/operator.ts";
import { defaultDeadlineMs } from "./environment.ts";
import { GitOps } from "./gitops.ts";

const everything = ["root", "demoapp-crd", "demoapp-operator", "webapp-dev", "webapp-staging", "webapp-prod"];

let gitops: GitOps;

// These tests delete the CRD and the cluster, so they have a cluster of their own.
beforeAll(async () => {
  gitops = await GitOps.open(await clusterWithArgoCd("test-rebuild"));
});
afterAll(async () => {
  await gitops.close();
  await gitops.cluster.down(silent);
  await gitops.repository.remove();
});

/** Waits until the Applications are Synced and Healthy at the newest commit, and all DemoApps are Healthy. */
async function everythingIsHealthy(demoApps = 3): Promise<readonly Application[]> {
  const commit = await gitops.repository.head();
  const all = await Promise.all(everything.map((name) => gitops.healthyAt(name, commit)));
  const phases = ["get", "demoapps", "--all-namespaces", "-o", "jsonpath={.items[*].status.phase}"];
  // The autoscaler of prod may scale the app after its first rollout.
  await until(`${demoApps} DemoApps are Healthy`, 60_000, async () =>
    (await gitops.kubectl(...phases)) === Array(demoApps).fill("Healthy").join(" ") ? true : undefined,
  );
  return all;
}

test("the repository is handed over: every Application is Synced and Healthy at the newest commit", async () => {
  const all = await everythingIsHealthy();
  expect(all.map(syncMessages).join("")).not.toMatch(/error|failed/i);
});

test("main changes a permission and the CRD: neither reaches the cluster before a release, and then both do with its image", async () => {
  const { repository, releases } = gitops;
  const read = (object: string, path: string): Promise<string> =>
    gitops.kubectl("-n", "demoapp-system", "get", object, "-o", `jsonpath={${path}}`);
  const installed = async () => ({
    verbs: await read("clusterrole/demoapp-view", ".rules[0].verbs"),
    names: await read("crd/demoapps.demoapp.dev", ".spec.names.shortNames"),
    image: await read("deployment/demoapp-operator", ".spec.template.spec.containers[0].image"),
  });
  const released = await repository.head();
  await repository.release(released, releases.operator);
  await gitops.healthyAt("root", await repository.commit("Run a release"));
  const before = await installed();

  await repository.edit("deploy/operator/user-roles.yaml", "[get, list, watch]", "[get, list]");
  await repository.edit("crds/demoapps.demoapp.dev.yaml", "- dapp\n", "- dapp\n      - dapps\n");
  const next = await repository.commit("Change a permission and the CRD");
  await gitops.healthyAt("root", next);
  for (const name of ["demoapp-crd", "demoapp-operator"])
    expect(isSynced(await gitops.compared(name), released)).toBe(true);
  expect(await installed()).toEqual(before);

  const image = { ...releases.operator, ref: releases.operator.ref.replace(/:[^:]+$/, ":0.2.0") };
  await repository.release(next, image);
  await repository.commit("Run the next release");
  for (const name of ["demoapp-crd", "demoapp-operator"]) await gitops.healthyAt(name, next);
  expect(await installed()).toEqual({
    verbs: '["get","list"]',
    names: '["dapp","dapps"]',
    image: pinned(image),
  });
});

test("Git names no release of the operator: Argo CD shows what to do, and the operator stays", async () => {
  const { repository, releases } = gitops;
  const placeholder = "no-release-yet-merge-the-pull-request-release/operator";
  await repository.release(placeholder, releases.operator);
  await repository.commit("Run no release");
  const refused = await gitops.until("demoapp-operator", (app) =>
    syncMessages(app).includes("unable to resolve"),
  );
  expect(syncMessages(refused)).toContain(placeholder);
  await new Operator(gitops.cluster, gitops.client).ready();
  await repository.release("main", releases.operator);
  await repository.commit("Run main");
});

test("the CRD and the operator are deleted: Argo CD restores both, and the apps are Healthy again", async () => {
  const options = ["--wait=false", "--ignore-not-found"];
  const get = ["get", "demoapps", "--all-namespaces", "-o", "jsonpath={.items[*].metadata.uid}"];
  const uids = async (): Promise<readonly string[]> => (await gitops.kubectl(...get)).split(" ");
  const deleted = await uids();
  await gitops.kubectl("delete", "crd", "demoapps.demoapp.dev", ...options);
  await gitops.kubectl("-n", "demoapp-system", "delete", "deployment", "demoapp-operator", ...options);
  // An Application can pass through its unhealthy states between two reads.
  await until("Argo CD has created all DemoApps anew", defaultDeadlineMs, async () => {
    const created = (await uids()).filter((uid) => !deleted.includes(uid));
    return created.length === deleted.length || undefined;
  });
  await everythingIsHealthy();
  await new Operator(gitops.cluster, gitops.client).ready();
});

// A killed repo server makes every ApplicationSet of its cluster wait three minutes; other files use other clusters.
test("Argo CD and the operator are killed during a rollout: the rollout is accepted without a further rollout", async () => {
  const environment = await gitops.environment("killed");
  const commit = await environment.release("second");
  await environment.untilDemoApp(({ status }) => status.candidate !== undefined);
  const operator = new Operator(gitops.cluster, gitops.client);
  const components = ["argocd-application-controller", "argocd-repo-server"] as const;
  await Promise.all(components.map((component) => gitops.argo.signal(component, "SIGKILL")));
  await Promise.all((await operator.pods()).map((pod) => operator.remove(pod)));
  for (const component of components) await gitops.argo.start(component);
  await environment.healthyAt(commit);
  expect(await environment.runs("second")).toBe(true);
  const { status } = await environment.demoApp();
  expect(status?.history?.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
    [2, "Accepted"],
    [1, "Accepted"],
  ]);
  await operator.ready();
});

/** Removes the cluster and starts an empty one. Keeps the images, which are in a registry elsewhere in production. */
async function replaceCluster(cluster: Cluster): Promise<void> {
  const registry = join(clusterPaths(cluster.name).state, "registry");
  const kept = await mkdtemp(join(tmpdir(), "demoapp-registry-"));
  try {
    await cp(registry, kept, { recursive: true });
    await cluster.down(silent);
    await cluster.up(silent);
    await cluster.signal("registry", "SIGKILL");
    await cp(kept, registry, { recursive: true });
    await cluster.start("registry");
  } finally {
    await rm(kept, { recursive: true, force: true });
  }
}

test("the cluster is replaced by an empty one: Argo CD and one command restore everything from Git", async () => {
  const { cluster, releases } = gitops;
  await gitops.close();
  await replaceCluster(cluster);
  await clusterWithArgoCd(cluster.name);
  gitops = new GitOps(cluster, releases);
  await bootstrap(cluster, gitops.repository);
  // With the environment of the previous test.
  await everythingIsHealthy(4);
});
