import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { kinds } from "../e2e/kinds.ts";
import { complaints, isSynced } from "../../tools/gitops/application.ts";
import { pinned } from "../../tools/gitops/repository.ts";
import { type Environment, GitOps } from "./scene.ts";

let gitops: GitOps;
let environment: Environment;

beforeAll(async () => {
  gitops = await GitOps.open();
  environment = await gitops.environment("sync");
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
});

const head = (): Promise<string> => gitops.repository.head();

/** When the last sync began: a difference that Argo CD would see again and again starts one again and again. */
const lastSync = async (name: string): Promise<string | undefined> =>
  (await gitops.compared(name)).status?.operationState?.startedAt;

describe("what Git says is what runs:", () => {
  test("the root Application, and all that it leads to, is Synced and Healthy at the newest commit", async () => {
    const commit = await head();
    const names = ["root", "demoapp-crd", "demoapp-operator", "webapp-dev", "webapp-staging", "webapp-prod"];
    const all = await Promise.all(names.map((name) => gitops.healthyAt(name, commit)));
    expect(all.map(complaints).join("")).not.toMatch(/error|failed/i);
  });

  test("a commit is rolled out, and the Application is Healthy at that commit", async () => {
    const commit = await environment.release("second");
    await environment.healthyAt(commit);
    const { status } = await environment.demoApp();
    expect(status?.stable?.image).toBe(pinned(gitops.releases.second));
    expect(await environment.runs("second")).toBe(true);
  });

  test("of two commits in quick succession the newer one wins, and the older one leaves nothing", async () => {
    await environment.release("broken");
    const commit = await environment.release("first");
    await environment.healthyAt(commit);
    await environment.eventually("only the newer version runs", async () =>
      (await environment.runs("first")) ? true : undefined,
    );
    const { status } = await environment.demoApp();
    expect(status).toMatchObject({ phase: "Healthy", rejected: [], blockers: [] });
    expect(status?.candidate).toBeUndefined();
  });

  /** Waits until nothing of the app is there any more. */
  async function isGone(of: Environment): Promise<void> {
    for (const kind of ["DemoApp", "Deployment", "Service", "ControllerRevision", "Pod"] as const)
      await of.eventually(`no ${kind} is left`, async () => {
        const { items } = await of.client.list(kinds[kind], { namespace: of.namespace });
        return items.length === 0 ? true : undefined;
      });
  }

  test("a DemoApp that is removed from Git is pruned with its children; its environment stays", async () => {
    const pruned = await gitops.environment("pruned");
    const commit = await pruned.removeApp();
    await isGone(pruned);
    await pruned.healthyAt(commit);
    await pruned.remove();
  });

  test("an environment that is removed from Git goes with its children; its namespace stays", async () => {
    const short = await gitops.environment("short");
    await short.remove();
    await isGone(short);
    expect(await short.kubectl("get", "namespace", short.namespace, "-o", "name")).toContain(short.namespace);
  });
});

describe("what is changed by hand is set back:", () => {
  test("the DemoApp by Argo CD", async () => {
    const { spec } = await environment.demoApp();
    const patch = '{"spec":{"minReadySeconds":9}}';
    await environment.kubectl("patch", "demoapp", "sre-demo-app", "--type=merge", "-p", patch);
    await environment.eventually("Git's number is back", async () =>
      (await environment.demoApp()).spec["minReadySeconds"] === spec["minReadySeconds"] ? true : undefined,
    );
    await environment.healthyAt(await head());
  });

  test("the Deployment by the operator, and Argo CD sees no difference", async () => {
    const before = await lastSync(environment.application);
    await environment.kubectl("set", "env", "deployment/sre-demo-app", "BY_HAND=1");
    await environment.eventually("the operator says who it was", async () =>
      (await environment.events("sre-demo-app")).find(({ reason }) => reason === "DriftRepaired"),
    );
    expect(JSON.stringify(await environment.deployment("sre-demo-app"))).not.toContain("BY_HAND");
    expect(await lastSync(environment.application)).toBe(before);
  });
});

describe("there is no endless difference in", () => {
  test("a DemoApp whose fields the API server has filled in", async () => {
    const before = await lastSync(environment.application);
    const after = await gitops.compared(environment.application);
    expect(isSynced(after, await head())).toBe(true);
    expect(after.status?.operationState?.startedAt).toBe(before);
  });

  test("a DemoApp that an autoscaler scales", async () => {
    const commit = await head();
    await gitops.healthyAt("webapp-prod", commit);
    const scaled = async (replicas: number): Promise<true | undefined> => {
      const app = await gitops.client.get(kinds.DemoApp, {
        namespace: "sre-demo-prod",
        name: "sre-demo-app",
      });
      return (app["spec"] as { replicas: number }).replicas === replicas ? true : undefined;
    };
    await environment.eventually("the autoscaler has set its minimum", () => scaled(3));
    const before = await lastSync("webapp-prod");
    const { repository } = gitops;
    await environment.commit("Raise the minimum", () =>
      repository.edit("deploy/webapp/overlays/prod/autoscaler.yaml", "minReplicas: 3", "minReplicas: 4"),
    );
    await environment.eventually("the autoscaler has set its new minimum", () => scaled(4));
    await gitops.healthyAt("webapp-prod", await head());
    const raised = await lastSync("webapp-prod");
    expect(raised).not.toBe(before);
    expect(isSynced(await gitops.compared("webapp-prod"), await head())).toBe(true);
    expect(await lastSync("webapp-prod")).toBe(raised);
    await environment.commit("Lower the minimum", () =>
      repository.edit("deploy/webapp/overlays/prod/autoscaler.yaml", "minReplicas: 4", "minReplicas: 3"),
    );
  });
});
