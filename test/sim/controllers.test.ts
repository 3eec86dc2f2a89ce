import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type ApiClient, type KubeObject, createClient } from "../../operator/runtime/client.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { fieldsOf, itemsOf, numberOf } from "./apiserver/json.ts";
import { VirtualClock, settle } from "./clock.ts";
import { WorkloadControllers } from "./controllers.ts";
import { conditionOf } from "./controllers/workload.ts";
import { FakeKubelet } from "./kubelet.ts";
import { deployments, pods, replicaSets, resourceQuotas } from "./kinds.ts";
import { realClock } from "../../operator/runtime/clock.ts";

const namespace = "default";
let server: FakeApiServer;
let client: ApiClient;
let controllers: WorkloadControllers;
let kubelet: FakeKubelet;

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  client = createClient({ server: server.url, retries: 0 });
  controllers = new WorkloadControllers(server.api, realClock);
  controllers.start();
  kubelet = new FakeKubelet({ client, namespace });
  await kubelet.start();
});
afterEach(async () => {
  await kubelet.stop();
  controllers.stop();
  await client.close();
  await server.stop();
});

const labels = { app: "web" };
const deployment = (image: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace },
  spec: {
    replicas: 3,
    selector: { matchLabels: labels },
    strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: { metadata: { labels }, spec: { containers: [{ name: "app", image }] } },
    ...spec,
  },
});
const apply = (image: string, spec?: Record<string, unknown>) =>
  client.apply(deployments, deployment(image, spec), { fieldManager: "test", force: true });

/** Waits for a status and returns the Deployment. */
async function deploymentWhen(
  matches: (status: Record<string, unknown>, live: KubeObject) => boolean,
): Promise<KubeObject> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const live = await client.get(deployments, { name: "web", namespace });
    if (matches(fieldsOf(live["status"]), live)) return live;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(live["status"])}`);
    await settle();
  }
}
const isRolledOut = (status: Record<string, unknown>, { metadata }: KubeObject): boolean =>
  status["observedGeneration"] === metadata.generation &&
  status["updatedReplicas"] === 3 &&
  status["replicas"] === 3 &&
  status["availableReplicas"] === 3;

const imagesOf = async (): Promise<string[]> =>
  (await client.list(pods, { namespace })).items
    .map(({ spec }) => String(itemsOf(fieldsOf(spec)["containers"])[0]?.["image"]))
    .sort();

describe("the simulated Deployment and ReplicaSet controllers", () => {
  test("a new Deployment: its pods are created, and the conditions say when all are available", async () => {
    await apply("web:1");
    const live = await deploymentWhen(isRolledOut);
    expect(conditionOf(live, "Available")).toMatchObject({
      status: "True",
      reason: "MinimumReplicasAvailable",
    });
    expect(conditionOf(live, "Progressing")).toMatchObject({
      status: "True",
      reason: "NewReplicaSetAvailable",
    });
    expect(live.metadata.annotations).toEqual({ "deployment.kubernetes.io/revision": "1" });
    expect(live.metadata.generation).toBe(1);
  });

  test("a rolling update: at most maxSurge pods more, and at most maxUnavailable fewer available", async () => {
    await apply("web:1");
    await deploymentWhen(isRolledOut);
    const seen: number[][] = [];
    server.api.store.onChange(({ kind, object }) => {
      if (kind.plural !== "deployments") return;
      const status = fieldsOf(object["status"]);
      seen.push([numberOf(status["replicas"]), numberOf(status["availableReplicas"])]);
    });
    await apply("web:2");
    await deploymentWhen(isRolledOut);
    expect(Math.max(...seen.map(([replicas = 0]) => replicas))).toBe(4);
    expect(Math.min(...seen.map(([, available = 0]) => available))).toBe(3);
    expect(await imagesOf()).toEqual(["web:2", "web:2", "web:2"]);
  });

  test("new pods never become ready: the old pods stay, and a rollback uses the old ReplicaSet", async () => {
    await apply("web:1");
    await deploymentWhen(isRolledOut);
    await apply("web:never-ready");
    await deploymentWhen((status) => status["replicas"] === 4 && status["updatedReplicas"] === 1);
    await settle();
    expect(await imagesOf()).toEqual(["web:1", "web:1", "web:1", "web:never-ready"]);
    await apply("web:1");
    await deploymentWhen(isRolledOut);
    const { items } = await client.list(replicaSets, { namespace });
    expect(
      items
        .map(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"])
        .toSorted((a = "", b = "") => a.localeCompare(b)),
    ).toEqual(["2", "3"]);
  });

  test("a quota refuses pods: ReplicaFailure has the API server's message until pods can be created", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "small", namespace } };
    await client.create(resourceQuotas, { ...quota, spec: { hard: { pods: "2" } } });
    await apply("web:1");
    const live = await deploymentWhen((_, live) => conditionOf(live, "ReplicaFailure") !== undefined);
    expect(conditionOf(live, "ReplicaFailure")).toMatchObject({ status: "True", reason: "FailedCreate" });
    expect(String(conditionOf(live, "ReplicaFailure")?.["message"])).toContain(
      "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2",
    );
    await client.delete(resourceQuotas, { name: "small", namespace });
    const after = await deploymentWhen(isRolledOut);
    expect(conditionOf(after, "ReplicaFailure")).toBeUndefined();
  });

  test("no progress until the deadline: Progressing is False", async () => {
    await apply("web:never-ready", { progressDeadlineSeconds: 1 });
    const live = await deploymentWhen((_, live) => conditionOf(live, "Progressing")?.["status"] === "False");
    expect(conditionOf(live, "Progressing")).toMatchObject({ reason: "ProgressDeadlineExceeded" });
  });

  test("minReadySeconds is set: a pod counts as available that many seconds after it is ready", async () => {
    controllers.stop();
    const clock = new VirtualClock(Date.now());
    controllers = new WorkloadControllers(server.api, clock);
    controllers.start();
    const isReadyOnly = (status: Record<string, unknown>): boolean =>
      status["readyReplicas"] === 3 && status["availableReplicas"] === undefined;
    await apply("web:1", { minReadySeconds: 60 });
    await deploymentWhen(isReadyOnly);
    await clock.advance(59_000);
    await deploymentWhen(isReadyOnly);
    // The pods became ready less than a minute after the start of the clock.
    await clock.advance(60_000);
    await deploymentWhen(isRolledOut);
  });

  test("the Deployment is scaled: pods are created or deleted until the number is right", async () => {
    await apply("web:1");
    await deploymentWhen(isRolledOut);
    await apply("web:1", { replicas: 5 });
    await deploymentWhen((status) => status["availableReplicas"] === 5);
    await apply("web:1", { replicas: 1 });
    await deploymentWhen((status) => status["replicas"] === 1 && status["availableReplicas"] === 1);
    expect((await client.list(pods, { namespace })).items).toHaveLength(1);
  });
});
