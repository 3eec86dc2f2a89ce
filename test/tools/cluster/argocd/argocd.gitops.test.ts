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
import { kubectl as runKubectl } from "../../../../tools/cluster/kubectl.ts";
import { silent } from "../../../../tools/cluster/progress.ts";
import { ArgoCd } from "../../../../tools/cluster/argocd/argocd.ts";
import { argoCdComponents } from "../../../../tools/cluster/argocd/components.ts";

const cluster = new EmbeddedCluster("selftest-argo", "node");
const argo = new ArgoCd(cluster);
const waitMs = 60_000;

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

const kubectl = (...args: string[]): Promise<string> => runKubectl(cluster, args);

/** Commits a ConfigMap with this text; returns the commit. */
async function commit(text: string): Promise<string> {
  const clone = join(folder, "clone");
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "hello" }, data: { text } };
  await writeFile(join(clone, "hello.json"), JSON.stringify(map));
  await git(clone, "add", ".");
  await git(clone, "commit", "--quiet", "-m", text);
  await git(clone, "push", "--quiet", "origin", "HEAD:main");
  return (await git(clone, "rev-parse", "HEAD")).trim();
}

const apply = (object: object): Promise<string> =>
  runKubectl(cluster, ["apply", "-f", "-"], JSON.stringify(object));

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

const statusPath = [
  "{.status.sync.status} {.status.health.status} {.status.sync.revision}",
  "{.status.operationState.phase} {.status.operationState.syncResult.revision}",
].join(" ");
const text = (): Promise<string> => kubectl("get", "cm", "hello", "-o", "jsonpath={.data.text}");
/** Also waits for the end of the sync: a component that is killed before that loses the history's entry. */
const healthyAt = (revision: string): Promise<boolean> =>
  until(`Synced and Healthy at ${revision}`, waitMs, async () =>
    (await kubectl("get", "application", "hello", "-n", "argocd", "-o", `jsonpath=${statusPath}`)) ===
    `Synced Healthy ${revision} Succeeded ${revision}`
      ? true
      : undefined,
  );

test("an Application with a file:// repository becomes Synced and Healthy, and follows new commits", async () => {
  const first = await commit("one");
  await apply(application());
  await healthyAt(first);
  await healthyAt(await commit("two"));
  await expect(text()).resolves.toBe("two");
});

test("a manual change: Argo CD reverts it", async () => {
  await kubectl("patch", "cm", "hello", "--type=merge", "-p", '{"data":{"text":"by hand"}}');
  await until("the manual change is reverted", waitMs, async () =>
    (await text()) === "two" ? true : undefined,
  );
});

test("up on a running Argo CD: restarts nothing and writes nothing", async () => {
  const selection = ["-n", "argocd", "-o", "jsonpath={.items[*].metadata['uid','resourceVersion']}"];
  const kinds = "crd,clusterrole,clusterrolebinding,role,rolebinding,serviceaccount,configmap,pod,appproject";
  const before = [await cluster.status(), await kubectl("get", kinds, ...selection)];
  await argo.up(silent);
  expect([await cluster.status(), await kubectl("get", kinds, ...selection)]).toEqual(before);
});

describe("a component:", () => {
  const stateOf = async (name: string): Promise<string | undefined> =>
    (await cluster.status()).components.find((one) => one.name === name)?.state;

  test("its kubeconfig has the identity and the permissions of its service account", async () => {
    const ownKubeconfig = (name: string): string =>
      join(clusterPaths(cluster.name).state, "argocd", `${name}.kubeconfig`);
    const as = (name: string, ...args: string[]): Promise<string> =>
      command([cluster.kubectl, "--kubeconfig", ownKubeconfig(name), "auth", ...args]);
    const controller = "argocd-application-controller";
    await expect(as(controller, "whoami")).resolves.toContain(`system:serviceaccount:argocd:${controller}`);
    await expect(as("argocd-applicationset-controller", "can-i", "delete", "nodes")).rejects.toThrow(
      "exit 1",
    );
  });

  test("killed, then start: a commit made meanwhile is synced", async () => {
    await argo.signal("argocd-repo-server", "SIGKILL");
    await argo.signal("argocd-application-controller", "SIGKILL");
    expect(await stateOf("argocd-repo-server")).toBeUndefined();
    const revision = await commit("three");
    await argo.start("argocd-repo-server");
    await argo.start("argocd-application-controller");
    await healthyAt(revision);
  });

  test("killed, then up: the other components are not restarted", async () => {
    const before = await cluster.status();
    await argo.signal("argocd-redis", "SIGKILL");
    await argo.up(silent);
    const others = ({ components }: typeof before) =>
      components.filter(({ name }) => name !== "argocd-redis");
    expect(others(await cluster.status())).toEqual(others(before));
    await healthyAt(await commit("four"));
  });

  test("paused, then resume: a commit made meanwhile is synced", async () => {
    await argo.signal("argocd-application-controller", "SIGSTOP");
    expect(await stateOf("argocd-application-controller")).toBe("paused");
    const revision = await commit("five");
    await argo.signal("argocd-application-controller", "SIGCONT");
    await healthyAt(revision);
  });
});

describe("argocd in core mode:", () => {
  test("shows an application, its resources and its history", async () => {
    const app = JSON.parse(await argo.cli("app", "get", "hello", "-o", "json")) as ReturnType<
      typeof application
    >;
    expect(app.spec.source).toEqual(application().spec.source);
    await expect(argo.cli("app", "list", "-o", "name")).resolves.toBe("argocd/hello\n");
    await expect(argo.cli("app", "resources", "hello")).resolves.toMatch(/ConfigMap +default +hello/);
    // Argo CD records a sync in the history after it has applied the resources.
    await until("the history has five syncs", 30_000, async () => {
      const history = await argo.cli("app", "history", "hello", "-o", "id");
      return history.trim().split("\n").length >= 5 ? true : undefined;
    });
  });

  test("renders and syncs", async () => {
    await expect(argo.cli("app", "manifests", "hello")).resolves.toContain("text: five");
    await expect(argo.cli("app", "sync", "hello")).resolves.toMatch(/Phase: +Succeeded/);
  });

  test("rollback: refused with automated sync, and done without it", async () => {
    await expect(argo.cli("app", "rollback", "hello", "0")).rejects.toThrow("auto-sync is enabled");
    await argo.cli("app", "set", "hello", "--sync-policy", "none");
    await argo.cli("app", "rollback", "hello", "0");
    await expect(text()).resolves.toBe("one");
  });

  test("a shell with its environment: argocd is on PATH, and kubectl keeps its namespace", async () => {
    const shell = (text: string): Promise<string> => command(["sh", "-c", text], { env: argo.environment });
    await expect(shell("argocd app list -o name")).resolves.toBe("argocd/hello\n");
    await expect(shell("kubectl config view --minify -o jsonpath={..namespace}")).resolves.toBe("");
  });
});

test("cluster down: no process and no file of Argo CD is left", async () => {
  const { components } = await cluster.status();
  const processes = argoCdComponents.map((one) => components.find(({ name }) => name === one)?.pid);
  const alive = (): (number | undefined)[] => processes.filter((pid) => existsSync(`/proc/${pid}`));
  expect(alive()).toEqual(processes);
  await cluster.down(silent);
  expect(alive()).toEqual([]);
  expect(tracesOf(cluster.name)).toEqual([]);
});
