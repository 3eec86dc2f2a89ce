import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Operator } from "../e2e/operator.ts";
import { complaints, isHealthy } from "../../tools/gitops/application.ts";
import { type Environment, GitOps } from "./scene.ts";

let gitops: GitOps;
let environment: Environment;

beforeAll(async () => {
  gitops = await GitOps.open();
  environment = await gitops.environment("faults");
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
});

/** What must not change whatever happens to Git: the pods, and what the operator was told. */
async function running(): Promise<object> {
  const { metadata } = await environment.demoApp();
  return { generation: metadata.generation, pods: await environment.podUids() };
}

describe("the running app is untouched, and the Application says what is wrong, when", () => {
  let before: object;

  beforeAll(async () => {
    before = await running();
  });
  afterEach(async () => {
    expect(await running()).toEqual(before);
  });

  test("the Git repository is gone for a while", async () => {
    await gitops.repository.vanish();
    try {
      const lost = await environment.seen(({ status }) => status?.sync?.status === "Unknown");
      expect(complaints(lost)).toMatch(/repository|git/i);
    } finally {
      await gitops.repository.reappear();
    }
    await environment.healthyAt(await gitops.repository.head());
  });

  test("a commit has a DemoApp that the CRD refuses", async () => {
    await environment.edit("replicas: 2", "replicas: -1");
    try {
      const refused = await environment.seen((app) => /replicas/.test(complaints(app)));
      expect(complaints(refused)).toMatch(/spec\.replicas.*should be greater than or equal to 0/);
    } finally {
      await gitops.repository.revert();
    }
    await environment.healthyAt(await gitops.repository.head());
  });

  test("a commit has broken YAML", async () => {
    await environment.edit("spec:", "spec: {{");
    try {
      const broken = await environment.seen(({ status }) =>
        (status?.conditions ?? []).some(({ type }) => type === "ComparisonError"),
      );
      expect(complaints(broken)).toContain("demoapp.yaml");
    } finally {
      await gitops.repository.revert();
    }
    await environment.healthyAt(await gitops.repository.head());
  });
});

test("a rollout ends as if nothing had happened when Argo CD and the operator are killed in the middle", async () => {
  const commit = await environment.release("second");
  await environment.reported(({ status }) => status.candidate !== undefined);
  const operator = new Operator(gitops.cluster, gitops.client);
  const argo = ["argocd-application-controller", "argocd-repo-server"] as const;
  await Promise.all(argo.map((component) => gitops.argo.kill(component)));
  await Promise.all((await operator.pods()).map((pod) => operator.remove(pod)));
  for (const component of argo) await gitops.argo.start(component);
  await environment.healthyAt(commit);
  expect(await environment.runs("second")).toBe(true);
  const { status } = await environment.demoApp();
  expect(status?.history?.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
    [2, "Accepted"],
    [1, "Accepted"],
  ]);
  await operator.ready();
});

test("new and removed environments are seen again by themselves after the repository was gone", async () => {
  // An ApplicationSet whose repository couldn't be read asks again after three minutes; no setting changes that.
  await gitops.until("root", isHealthy, 240_000);
});
