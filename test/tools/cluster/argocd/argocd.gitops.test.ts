import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { gitEnvironment } from "../../../../tools/gitops/repository.ts";
import { command, until } from "../../../../tools/cluster/command.ts";
import { EmbeddedCluster } from "../../../../tools/cluster/embedded/cluster.ts";
import { clusterPaths } from "../../../../tools/cluster/embedded/paths.ts";
import { tracesOf } from "../../../../tools/cluster/embedded/traces.ts";
import { silent } from "../../../../tools/cluster/progress.ts";
import { argoCdFor } from "../../../../tools/cluster/argocd/argocd.ts";
import { argoCdComponents } from "../../../../tools/cluster/argocd/components.ts";

const cluster = new EmbeddedCluster("selftest-argo", "node");
const argo = argoCdFor(cluster);
const WAIT_MS = 60_000;

let folder: string;

beforeAll(async () => {
  await cluster.down(silent);
  await cluster.up(silent);
  await argo.up(silent);
  folder = await mkdtemp(join(tmpdir(), "demoapp-selftest-argo-"));
  await git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "bare.git");
  await git(folder, "clone", "--quiet", "bare.git", "clone");
});
afterAll(async () => {
  await cluster.down(silent);
  await rm(folder, { recursive: true, force: true });
});

const git = (cwd: string, ...args: string[]): Promise<string> =>
  command(["git", ...args], { cwd, env: gitEnvironment });

const kubectl = (...args: string[]): Promise<string> =>
  command([cluster.kubectl, "--kubeconfig", cluster.kubeconfig, ...args]);

/** Commits a ConfigMap that says something, and gives the commit. */
async function commit(says: string): Promise<string> {
  const clone = join(folder, "clone");
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "hello" }, data: { says } };
  await writeFile(join(clone, "hello.json"), JSON.stringify(map));
  await git(clone, "add", ".");
  await git(clone, "commit", "--quiet", "-m", says);
  await git(clone, "push", "--quiet", "origin", "HEAD:main");
  return (await git(clone, "rev-parse", "HEAD")).trim();
}

async function apply(object: object): Promise<void> {
  const file = join(folder, "object.json");
  await writeFile(file, JSON.stringify(object));
  await kubectl("apply", "-f", file);
}

const application = () => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "hello", namespace: "argocd" },
  spec: {
    project: "default",
    source: { repoURL: `file://${folder}/bare.git`, path: ".", targetRevision: "main" },
    destination: { server: "https://kubernetes.default.svc", namespace: "default" },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  },
});

const path = "jsonpath={.status.sync.status} {.status.health.status} {.status.sync.revision}";
const said = (): Promise<string> => kubectl("get", "cm", "hello", "-o", "jsonpath={.data.says}");
const healthyAt = (revision: string): Promise<boolean> =>
  until(`Synced and Healthy at ${revision}`, WAIT_MS, async () =>
    (await kubectl("get", "application", "hello", "-n", "argocd", "-o", path)) ===
    `Synced Healthy ${revision}`
      ? true
      : undefined,
  );

test("an Application on a folder of this disk becomes Synced and Healthy, and follows what is committed", async () => {
  const first = await commit("one");
  await apply(application());
  await healthyAt(first);
  await healthyAt(await commit("two"));
  await expect(said()).resolves.toBe("two");
});

test("what was changed by hand is put back", async () => {
  await kubectl("patch", "cm", "hello", "--type=merge", "-p", '{"data":{"says":"by hand"}}');
  await until("put back", WAIT_MS, async () => ((await said()) === "two" ? true : undefined));
});

test("up again restarts nothing and writes nothing", async () => {
  const ofArgoCd = ["-n", "argocd", "-o", "jsonpath={.items[*].metadata['uid','resourceVersion']}"];
  const kinds = "crd,clusterrole,clusterrolebinding,role,rolebinding,serviceaccount,configmap,pod,appproject";
  const before = [await cluster.status(), await kubectl("get", kinds, ...ofArgoCd)];
  await argo.up(silent);
  expect([await cluster.status(), await kubectl("get", kinds, ...ofArgoCd)]).toEqual(before);
});

describe("a component", () => {
  const stateOf = async (name: string): Promise<string | undefined> =>
    (await cluster.status()).components.find((one) => one.name === name)?.state;

  test("is known to the API server as its service account, with no more rights", async () => {
    const own = (name: string): string =>
      join(clusterPaths(cluster.name).state, "argocd", `${name}.kubeconfig`);
    const as = (name: string, ...args: string[]): Promise<string> =>
      command([cluster.kubectl, "--kubeconfig", own(name), "auth", ...args]);
    const controller = "argocd-application-controller";
    await expect(as(controller, "whoami")).resolves.toContain(`system:serviceaccount:argocd:${controller}`);
    await expect(as("argocd-applicationset-controller", "can-i", "delete", "nodes")).rejects.toThrow(
      "exit 1",
    );
  });

  test("that was killed comes back with start, and what was committed meanwhile is synced", async () => {
    await argo.kill("argocd-repo-server");
    await argo.kill("argocd-application-controller");
    expect(await stateOf("argocd-repo-server")).toBeUndefined();
    const revision = await commit("three");
    await argo.start("argocd-repo-server");
    await argo.start("argocd-application-controller");
    await healthyAt(revision);
  });

  test("that was killed comes back with up, and the others aren't restarted", async () => {
    const before = await cluster.status();
    await argo.kill("argocd-redis");
    await argo.up(silent);
    const others = ({ components }: typeof before) =>
      components.filter(({ name }) => name !== "argocd-redis");
    expect(others(await cluster.status())).toEqual(others(before));
    await healthyAt(await commit("four"));
  });

  test("that is paused goes on with resume", async () => {
    await argo.pause("argocd-application-controller");
    expect(await stateOf("argocd-application-controller")).toBe("paused");
    const revision = await commit("five");
    await argo.resume("argocd-application-controller");
    await healthyAt(revision);
  });
});

describe("argocd in core mode", () => {
  test("shows an application, its resources and its history", async () => {
    const app = JSON.parse(await argo.cli("app", "get", "hello", "-o", "json")) as ReturnType<
      typeof application
    >;
    expect(app.spec.source).toEqual(application().spec.source);
    await expect(argo.cli("app", "list", "-o", "name")).resolves.toBe("argocd/hello\n");
    await expect(argo.cli("app", "resources", "hello")).resolves.toMatch(/ConfigMap +default +hello/);
    const history = await argo.cli("app", "history", "hello", "-o", "id");
    expect(history.trim().split("\n").length).toBeGreaterThanOrEqual(5);
  });

  test("renders and syncs", async () => {
    await expect(argo.cli("app", "manifests", "hello")).resolves.toContain("says: five");
    await expect(argo.cli("app", "sync", "hello")).resolves.toMatch(/Phase: +Succeeded/);
  });

  test("refuses to go back where Git is synced automatically, and does it where it is not", async () => {
    await expect(argo.cli("app", "rollback", "hello", "0")).rejects.toThrow("auto-sync is enabled");
    await argo.cli("app", "set", "hello", "--sync-policy", "none");
    await argo.cli("app", "rollback", "hello", "0");
    await expect(said()).resolves.toBe("one");
  });

  test("is on the PATH of a shell, whose kubectl keeps its namespace", async () => {
    const shell = (text: string): Promise<string> => command(["sh", "-c", text], { env: argo.environment });
    await expect(shell("argocd app list -o name")).resolves.toBe("argocd/hello\n");
    await expect(shell("kubectl config view --minify -o jsonpath={..namespace}")).resolves.toBe("");
  });
});

test("down leaves nothing of it behind", async () => {
  const { components } = await cluster.status();
  const processes = argoCdComponents.map((one) => components.find(({ name }) => name === one)?.pid);
  const living = (): (number | undefined)[] => processes.filter((pid) => existsSync(`/proc/${pid}`));
  expect(living()).toEqual(processes);
  await cluster.down(silent);
  expect(living()).toEqual([]);
  expect(tracesOf(cluster.name)).toEqual([]);
});
