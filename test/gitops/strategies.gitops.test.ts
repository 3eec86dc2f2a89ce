import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Application, healthMessage, isSynced } from "../../tools/gitops/application.ts";
import { kinds } from "../../tools/objects.ts";
import type { Environment } from "./environment.ts";
import { GitOps } from "./gitops.ts";

const candidate = "sre-demo-app-candidate";
/** With two replicas, one candidate beside two stable pods. */
const steps = [{ setWeight: 33 }, { pause: {} }];

let gitops: GitOps;
let environment: Environment;

beforeAll(async () => {
  gitops = await GitOps.openOwn("canary");
  environment = await gitops.environment("canary", { strategy: { type: "Canary", canary: { steps } } });
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
});

const hasCandidate = (): Promise<boolean> => environment.exists(kinds.Deployment, candidate);

describe("a good version in Git:", () => {
  let commit: string;
  let waiting: Application;

  test("the canary waits, and Argo CD is Suspended and shows the command that promotes it", async () => {
    commit = await environment.release("second");
    waiting = await environment.untilApplication(
      (app) => isSynced(app, commit) && healthMessage(app).startsWith("StepWaits: "),
    );
    expect(waiting.status?.health?.status).toBe("Suspended");
    const command = `kubectl -n ${environment.namespace} annotate demoapp sre-demo-app --overwrite demoapp.dev/promote=2/2`;
    expect(healthMessage(waiting)).toContain(`Next: Promote the rollout: ${command}`);
  });

  test("Argo CD shows the candidate's Deployment below the DemoApp, and sees no difference from Git", async () => {
    const [, below] = (await environment.tree()).split("DemoApp/sre-demo-app ");
    expect(below).toMatch(new RegExp(`[├└]─Deployment/${candidate} `));
    const compared = await gitops.compared(environment.application);
    expect(isSynced(compared, commit)).toBe(true);
    expect(compared.status?.resources?.map(({ kind }) => kind)).not.toContain("Deployment");
    expect(compared.status?.operationState?.startedAt).toBe(waiting.status?.operationState?.startedAt);
    expect(await hasCandidate()).toBe(true);
  });

  test("Argo CD's action `promote`: the version is accepted without another sync, and the candidate is gone", async () => {
    await environment.act("promote");
    const { status } = await environment.healthyAt(commit);
    expect(status?.operationState?.startedAt).toBe(waiting.status?.operationState?.startedAt);
    const { metadata } = await environment.demoApp();
    expect(metadata.annotations?.["demoapp.dev/promote"]).toBe("2/2");
    expect(await environment.runs("second")).toBe(true);
    expect(await hasCandidate()).toBe(false);
  });
});

describe("a bad version in Git:", () => {
  let pods: readonly string[];

  test("its pods crash while the canary waits: Argo CD is Degraded and shows the rejection; the stable pods are unchanged", async () => {
    pods = await environment.podUids();
    const degraded = await environment.degradedAt(await environment.release("broken"));
    expect(healthMessage(degraded)).toMatch(
      new RegExp(
        `^RolledBack: Rollout 3 of .* was rejected \\(container app of pod ${candidate}-\\S+ is crash-looping`,
      ),
    );
    expect(await environment.podUids()).toEqual(pods);
    expect(await hasCandidate()).toBe(false);
  });

  test("`git revert`: Healthy, without a canary or a restart of a pod", async () => {
    await environment.healthyAt(await gitops.repository.revert());
    expect((await environment.demoApp()).status?.stable?.rollout).toBe(2);
    expect(await environment.podUids()).toEqual(pods);
  });
});
