import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { until } from "../../tools/cluster/command.ts";
import { type Environment, defaultDeadlineMs } from "./environment.ts";
import { type GitHub, openGitHub } from "./github.ts";
import { GitOps } from "./gitops.ts";

let github: GitHub;
let gitops: GitOps;
let environment: Environment;
let pods: readonly string[];

beforeAll(async () => {
  gitops = await GitOps.openOwn("rejection");
  github = await openGitHub(gitops.cluster);
  // The broken version crashes 12 s after its start. On a busy machine the kubelet reports the crash seconds later.
  environment = await gitops.environment("bad", { minReadySeconds: 25 });
  pods = await environment.podUids();
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
  await github.close();
});

/** Waits until GitHub has these states for the environment's newest deployment; returns the last description. */
async function verdictsAre(commit: string, states: readonly string[]): Promise<string> {
  const statuses = await until(
    `GitHub has ${states.join(", ")} for ${commit}`,
    defaultDeadlineMs,
    async () => {
      const newest = github.deploymentsOf(environment.name).at(-1);
      return newest?.request["ref"] === commit && newest.statuses.length >= states.length
        ? newest.statuses
        : undefined;
    },
  );
  expect(statuses.map(({ state }) => state)).toEqual(states);
  return String(statuses.at(-1)?.["description"]);
}

test("a commit is Healthy: GitHub has a successful deployment of the commit, without a merge or a check by GitHub", async () => {
  const description = await verdictsAre(await gitops.repository.head(), ["success"]);
  expect(description).toMatch(/^2 of 2 pods of \S+ are available\.$/);
  expect(github.deploymentsOf(environment.name)[0]?.request).toMatchObject({
    auto_merge: false,
    required_contexts: [],
  });
});

describe("a bad version in Git:", () => {
  let commit: string;

  test("the operator rolls back, and Argo CD shows the rejected revision and the next step", async () => {
    commit = await environment.release("broken");
    await environment.degradedAt(commit);
    const { status } = await environment.untilDemoApp(({ status }) => status.rejected.length === 1);
    const tree = await environment.tree();
    expect(tree).toContain(status.rejected[0]?.hash);
    expect(tree).toMatch(/DemoApp\/sre-demo-app .*Degraded .*(git revert|revert)/);
    expect(await environment.runs("first")).toBe(true);
    expect(await environment.podUids()).toEqual(pods);
    expect(await verdictsAre(commit, ["failure"])).toMatch(/^Rollout 2 was rejected \(container app of pod/);
  });

  test("Git is unchanged: Argo CD doesn't sync again and the operator doesn't retry", async () => {
    const before = (await gitops.compared(environment.application)).status;
    expect(before?.operationState).toMatchObject({ phase: "Succeeded", syncResult: { revision: commit } });
    expect(before?.operationState?.retryCount ?? 0).toBe(0);
    const { metadata } = await environment.deployment("sre-demo-app");
    const after = (await gitops.compared(environment.application)).status;
    expect(after?.operationState?.startedAt).toBe(before?.operationState?.startedAt);
    expect(after?.history).toEqual(before?.history);
    expect((await environment.deployment("sre-demo-app")).metadata.generation).toBe(metadata.generation);
  });

  test("Argo CD's action `retry`: the operator retries once, and self-heal keeps the annotation", async () => {
    await environment.act("retry");
    await environment.untilDemoApp(
      ({ status }) => status.phase === "Degraded" && status.rejected[0]?.rollout === 3,
    );
    const { metadata } = await environment.demoApp();
    expect(metadata.annotations?.["demoapp.dev/retry"]).toBe("2");
    await environment.degradedAt(commit);
    await verdictsAre(commit, ["failure", "failure"]);
  });

  test("`argocd app rollback`: refused, because Git is synced automatically", async () => {
    await expect(gitops.argo.cli("app", "rollback", environment.application)).rejects.toThrow(
      /auto-sync is enabled/,
    );
  });

  test("`git revert`: Healthy, and no pod restarts", async () => {
    const reverted = await gitops.repository.revert();
    await environment.healthyAt(reverted);
    expect(await environment.podUids()).toEqual(pods);
    const { status } = await environment.demoApp();
    expect(status?.stable?.rollout).toBe(1);
    await verdictsAre(reverted, ["success"]);
  });
});

test("the app is Degraded for some time: GitHub has a failure, and then again a success for the same commit", async () => {
  const commit = await gitops.repository.head();
  await environment.kubectl("create", "quota", "no-services", "--hard=services=0");
  await environment.eventually("the quota is enforced", async () =>
    (await environment.kubectl("get", "quota", "no-services", "-o", "jsonpath={.status.used.services}")) ===
    "1"
      ? true
      : undefined,
  );
  await environment.kubectl("delete", "service", "sre-demo-app");
  await environment.degradedAt(commit);
  expect(await verdictsAre(commit, ["success", "failure"])).toContain("A ResourceQuota refuses the request.");
  await environment.kubectl("delete", "quota", "no-services");
  await environment.healthyAt(commit);
  await verdictsAre(commit, ["success", "failure", "success"]);
});
