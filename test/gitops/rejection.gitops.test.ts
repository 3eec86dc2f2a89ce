import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isHealthy, isSynced } from "../../tools/gitops/application.ts";
import { type Environment, GitOps } from "./scene.ts";

let gitops: GitOps;
let environment: Environment;
let pods: readonly string[];

beforeAll(async () => {
  gitops = await GitOps.open();
  // Longer than the broken version takes to crash.
  environment = await gitops.environment("bad", { minReadySeconds: 15 });
  pods = await environment.podUids();
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
});

/** Waits until Argo CD says that the app is Degraded, at a commit. */
const degradedAt = (commit: string) =>
  environment.seen((app) => isSynced(app, commit) && app.status?.health?.status === "Degraded");

describe("a bad version in Git", () => {
  let commit: string;

  test("is rolled back, and Argo CD says which revision was rejected and what to do", async () => {
    commit = await environment.release("broken");
    await degradedAt(commit);
    const { status } = await environment.reported(({ status }) => status.rejected.length === 1);
    const tree = await gitops.argo.cli("app", "get", environment.application, "-o", "tree=detailed");
    expect(tree).toContain(status.rejected[0]?.hash);
    expect(tree).toMatch(/DemoApp\/sre-demo-app .*Degraded .*(git revert|revert)/);
    expect(await environment.runs("first")).toBe(true);
    expect(await environment.podUids()).toEqual(pods);
  });

  test("is not synced or tried again while nobody does anything", async () => {
    const before = (await gitops.compared(environment.application)).status;
    expect(before?.operationState).toMatchObject({ phase: "Succeeded", syncResult: { revision: commit } });
    expect(before?.operationState?.retryCount ?? 0).toBe(0);
    const { metadata } = await environment.deployment("sre-demo-app");
    const after = (await gitops.compared(environment.application)).status;
    expect(after?.operationState?.startedAt).toBe(before?.operationState?.startedAt);
    expect(after?.history).toEqual(before?.history);
    expect((await environment.deployment("sre-demo-app")).metadata.generation).toBe(metadata.generation);
  });

  test("is tried once more by Argo CD's action, which self-healing leaves alone", async () => {
    const actions = ["--kind", "DemoApp", "--resource-name", "sre-demo-app"];
    await gitops.argo.cli("app", "actions", "run", environment.application, "retry", ...actions);
    await environment.reported(
      ({ status }) => status.phase === "Degraded" && status.rejected[0]?.rollout === 3,
    );
    const { metadata } = await environment.demoApp();
    expect(metadata.annotations?.["demoapp.dev/retry"]).toBe("2");
    await degradedAt(commit);
  });

  test("can't be undone by `argocd app rollback` where Git is synced automatically", async () => {
    await expect(gitops.argo.cli("app", "rollback", environment.application)).rejects.toThrow(
      /auto-sync is enabled/,
    );
  });

  test("is undone by `git revert`: Healthy, and no pod was restarted", async () => {
    const reverted = await gitops.repository.revert();
    await environment.seen((app) => isSynced(app, reverted) && isHealthy(app));
    expect(await environment.podUids()).toEqual(pods);
    const { status } = await environment.demoApp();
    expect(status?.stable?.rollout).toBe(1);
  });
});
