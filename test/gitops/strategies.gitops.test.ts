import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Application, healthMessage, isSynced } from "../../tools/gitops/application.ts";
import { kinds } from "../../tools/objects.ts";
import type { Environment } from "./environment.ts";
import { GitOps } from "./gitops.ts";

const candidate = "sre-demo-app-candidate";
const preview = "sre-demo-app-preview";
/** With two replicas, one candidate beside two stable pods. */
const steps = [{ setWeight: 33 }, { pause: {} }];

let gitops: GitOps;
let environment: Environment;
/** The version of the commit waits for a person. */
let commit: string;
let waiting: Application;

beforeAll(async () => {
  gitops = await GitOps.openOwn("strategies");
  environment = await gitops.environment("steps", { strategy: { type: "Canary", canary: { steps } } });
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
});

const hasCandidate = (): Promise<boolean> => environment.exists(kinds.Deployment, candidate);
/** Waits until Argo CD has synced the commit and shows this reason of a pause. */
const paused = (reason: string): Promise<Application> =>
  environment.untilApplication(
    (app) =>
      isSynced(app, commit) &&
      app.status?.health?.status === "Suspended" &&
      healthMessage(app).startsWith(`${reason}: `),
  );

/** Argo CD shows the candidate's objects below the DemoApp, and sees no difference from Git. */
async function expectBelow(...objects: readonly string[]): Promise<void> {
  const [, below] = (await environment.tree()).split("DemoApp/sre-demo-app ");
  for (const object of objects) expect(below).toMatch(new RegExp(`[├└]─${object} `));
  const compared = await gitops.compared(environment.application);
  expect(isSynced(compared, commit)).toBe(true);
  const managed = compared.status?.resources?.map(({ kind }) => kind) ?? [];
  expect(managed.filter((kind) => ["Deployment", "Service"].includes(kind))).toEqual([]);
  expectNoSync(compared);
}

/** Argo CD has not synced since the version waits. */
function expectNoSync({ status }: Application): void {
  expect(status?.operationState?.startedAt).toBe(waiting.status?.operationState?.startedAt);
}

describe("a good version in Git:", () => {
  test("the canary waits, and Argo CD is Suspended and shows the command that promotes it", async () => {
    commit = await environment.release("second");
    waiting = await paused("StepWaits");
    const command = `kubectl -n ${environment.namespace} annotate demoapp sre-demo-app --overwrite demoapp.dev/promote=2/2`;
    expect(healthMessage(waiting)).toContain(`Next: Promote the rollout: ${command}`);
  });

  test("Argo CD shows the candidate's Deployment below the DemoApp, and sees no difference from Git", async () => {
    await expectBelow(`Deployment/${candidate}`);
    expect(await hasCandidate()).toBe(true);
  });

  test("Argo CD's action `promote`: the version is accepted without another sync, and the candidate is gone", async () => {
    await environment.act("promote");
    expectNoSync(await environment.healthyAt(commit));
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

describe("the strategy becomes blue-green in Git, then a version:", () => {
  let pods: readonly string[];
  /** The track that has the traffic. */
  const traffic = async (): Promise<string | undefined> =>
    (await environment.service("sre-demo-app")).spec.selector["demoapp.dev/track"];

  test("the version waits: Argo CD shows its Deployment and its Service below the DemoApp, and sees no difference from Git", async () => {
    pods = await environment.podUids();
    const blueGreen = "blueGreen: { autoPromote: false, holdSeconds: 600 }";
    await environment.edit(/type: Canary[\s\S]*pause: \{\}/, `type: BlueGreen\n    ${blueGreen}`);
    commit = await environment.release("first");
    waiting = await paused("StepWaits");
    expect(healthMessage(waiting)).toContain(`Next: Look at Service/${preview}, then promote the rollout: `);
    await expectBelow(`Deployment/${candidate}`, `Service/${preview}`);
    expect(await traffic()).toBe("stable");
  });

  test("Argo CD's action `promote`: the version gets the traffic without another sync, and the hold is Suspended", async () => {
    await environment.act("promote");
    expectNoSync(await paused("StepPaused"));
    expect(await traffic()).toBe("candidate");
  });

  test("`git revert` in the hold: Healthy with the pods from before, and only the app's own objects are left", async () => {
    await environment.healthyAt(await gitops.repository.revert());
    expect(await traffic()).toBe("stable");
    await environment.eventually("the candidate's Deployment and Service are gone", async () =>
      (await hasCandidate()) || (await environment.exists(kinds.Service, preview)) ? undefined : true,
    );
    expect(await environment.podUids()).toEqual(pods);
  });
});
