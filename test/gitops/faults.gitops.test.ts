import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { isHealthy, syncMessages } from "../../tools/gitops/application.ts";
import type { Environment } from "./environment.ts";
import { GitOps } from "./gitops.ts";

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

/** The DemoApp's generation and its pods, which no Git failure may change. */
async function running(): Promise<object> {
  const { metadata } = await environment.demoApp();
  return { generation: metadata.generation, pods: await environment.podUids() };
}

describe("the running app is unchanged and the Application shows the error:", () => {
  let before: object;

  beforeAll(async () => {
    before = await running();
  });
  afterEach(async () => {
    expect(await running()).toEqual(before);
  });

  test("a commit has a DemoApp that the CRD refuses", async () => {
    await environment.edit("replicas: 2", "replicas: -1");
    try {
      const refused = await environment.untilApplication((app) => /replicas/.test(syncMessages(app)));
      expect(syncMessages(refused)).toMatch(/spec\.replicas.*should be greater than or equal to 0/);
    } finally {
      await gitops.repository.revert();
    }
    await environment.healthyAt(await gitops.repository.head());
  });

  test("a commit has broken YAML", async () => {
    await environment.edit("spec:", "spec: {{");
    try {
      const broken = await environment.untilApplication(({ status }) =>
        (status?.conditions ?? []).some(({ type }) => type === "ComparisonError"),
      );
      expect(syncMessages(broken)).toContain("demoapp.yaml");
    } finally {
      await gitops.repository.revert();
    }
    await environment.healthyAt(await gitops.repository.head());
  });

  test("the Git repository is unreachable for some time", async () => {
    await gitops.repository.makeUnreachable();
    try {
      const lost = await environment.untilApplication(({ status }) => status?.sync?.status === "Unknown");
      expect(syncMessages(lost)).toMatch(/repository|git/i);
    } finally {
      await gitops.repository.restore();
    }
    await environment.healthyAt(await gitops.repository.head());
  });
});

test("the repository is reachable again: the ApplicationSet finds new and removed environments without manual action", async () => {
  // After a failed read, an ApplicationSet waits three minutes, unless a push changes its Applications' annotations.
  await gitops.until("root", isHealthy, 240_000);
});
