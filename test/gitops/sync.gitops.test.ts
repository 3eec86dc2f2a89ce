import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isSynced } from "../../tools/gitops/application.ts";
import { pinned } from "../../tools/gitops/repository.ts";
import { kinds } from "../../tools/objects.ts";
import type { Environment } from "./environment.ts";
import { GitOps } from "./gitops.ts";

let gitops: GitOps;
let environment: Environment;

beforeAll(async () => {
  gitops = await GitOps.openOwn("sync");
  environment = await gitops.environment("sync");
});
afterAll(async () => {
  await environment.remove();
  await gitops.close();
});

const head = (): Promise<string> => gitops.repository.head();

/** Start time of the last sync. It keeps changing if Argo CD sees a difference that a sync can't remove. */
const lastSync = async (name: string): Promise<string | undefined> =>
  (await gitops.compared(name)).status?.operationState?.startedAt;

describe("a change in Git:", () => {
  test("a commit: the app is rolled out, and the Application is Healthy at that commit", async () => {
    const commit = await environment.release("second");
    await environment.healthyAt(commit);
    const { status } = await environment.demoApp();
    expect(status?.stable?.image).toBe(pinned(gitops.releases.second));
    expect(await environment.runs("second")).toBe(true);
  });

  test("two commits in quick succession: only the newer version runs, and nothing of the older one is left", async () => {
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

  /** Waits until the environment has no object of the app. */
  async function isGone(of: Environment): Promise<void> {
    for (const kind of ["DemoApp", "Deployment", "Service", "ControllerRevision", "Pod"] as const)
      await of.eventually(`no ${kind} is left`, async () => {
        const { items } = await of.client.list(kinds[kind], { namespace: of.namespace });
        return items.length === 0 ? true : undefined;
      });
  }

  test("a DemoApp is removed: Argo CD prunes it with its children, and the Application stays", async () => {
    const pruned = await gitops.environment("pruned");
    const commit = await pruned.removeApp();
    await isGone(pruned);
    await pruned.healthyAt(commit);
    await pruned.remove();
  });

  test("an environment is removed: its objects are deleted, and its namespace stays", async () => {
    const short = await gitops.environment("short");
    await short.remove();
    await isGone(short);
    expect(await short.kubectl("get", "namespace", short.namespace, "-o", "name")).toContain(short.namespace);
  });
});

describe("a manual change:", () => {
  test("of the DemoApp: Argo CD reverts it", async () => {
    const { spec } = await environment.demoApp();
    const patch = '{"spec":{"minReadySeconds":9}}';
    await environment.kubectl("patch", "demoapp", "sre-demo-app", "--type=merge", "-p", patch);
    await environment.eventually("the value from Git is back", async () =>
      (await environment.demoApp()).spec["minReadySeconds"] === spec["minReadySeconds"] ? true : undefined,
    );
    await environment.healthyAt(await head());
  });

  test("of the Deployment: the operator reverts it, and Argo CD sees no difference", async () => {
    const before = await lastSync(environment.application);
    await environment.kubectl("set", "env", "deployment/sre-demo-app", "BY_HAND=1");
    await environment.eventually("the event DriftRepaired", async () =>
      (await environment.events("sre-demo-app")).find(({ reason }) => reason === "DriftRepaired"),
    );
    expect(JSON.stringify(await environment.deployment("sre-demo-app"))).not.toContain("BY_HAND");
    expect(await lastSync(environment.application)).toBe(before);
  });
});

describe("Argo CD sees no difference after a sync:", () => {
  test("a DemoApp with fields that the API server defaulted", async () => {
    const before = await lastSync(environment.application);
    const after = await gitops.compared(environment.application);
    expect(isSynced(after, await head())).toBe(true);
    expect(after.status?.operationState?.startedAt).toBe(before);
  });

  test("a DemoApp that an autoscaler scales", async () => {
    // Without `replicas` in Git, as in prod.
    const scaled = await gitops.environment("scaled", { replicas: undefined }, "prod");
    const hasReplicas = (replicas: number): Promise<true> =>
      scaled.eventually(`the autoscaler has set ${replicas} replicas`, async () =>
        (await scaled.demoApp()).spec.replicas === replicas ? true : undefined,
      );
    await hasReplicas(3);
    await scaled.healthyAt(await head());
    const before = await lastSync(scaled.application);
    const autoscaler = scaled.file.replace("demoapp.yaml", "autoscaler.yaml");
    const commit = await scaled.edit("minReplicas: 3", "minReplicas: 4", autoscaler);
    await hasReplicas(4);
    await scaled.healthyAt(commit);
    const raised = await lastSync(scaled.application);
    expect(raised).not.toBe(before);
    expect(isSynced(await gitops.compared(scaled.application), commit)).toBe(true);
    expect(await lastSync(scaled.application)).toBe(raised);
    await scaled.remove();
  });
});
