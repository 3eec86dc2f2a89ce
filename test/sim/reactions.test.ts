import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { settle } from "./clock.ts";
import { configMaps, deployments, pods, resourceQuotas } from "./kinds.ts";

const server = new FakeApiServer();
let client: ApiClient;

beforeAll(async () => {
  await server.start();
  client = createClient({ server: server.url, retries: 0 });
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

const namespace = "default";

const deployment = (name: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: "x:1" }] } },
  },
});

describe("the garbage collector", () => {
  const owned = (owner: { uid?: string | undefined }, name: string) => {
    const reference = { apiVersion: "apps/v1", kind: "Deployment", name: "owner", uid: owner.uid ?? "" };
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, ownerReferences: [reference] },
    };
  };
  const names = async () =>
    (await client.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.name);

  test("an owner is deleted: its dependents are deleted, except orphaned ones", async () => {
    const { metadata } = await client.create(deployments, deployment("owner"));
    await client.create(configMaps, owned(metadata, "a"));
    await client.delete(deployments, { name: "owner", namespace }, { propagationPolicy: "Orphan" });
    await settle();
    expect(await names()).toEqual(["a"]);
    const second = await client.create(deployments, deployment("owner"));
    await client.create(configMaps, owned(second.metadata, "b"));
    await client.delete(deployments, { name: "owner", namespace });
    await settle();
    expect(await names()).toEqual(["a"]);
  });

  test("the owner of an object does not exist: the object is deleted", async () => {
    await client.create(configMaps, owned({ uid: "nobody" }, "c"));
    await settle();
    expect(await names()).toEqual(["a"]);
  });
});

describe("admission", () => {
  const pod = (name: string, spec: Record<string, unknown> = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "app", image: "x:1" }], ...spec },
  });

  test("a pod exceeds a quota: refused with the API server's message", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "compute", namespace } };
    await client.create(resourceQuotas, { ...quota, spec: { hard: { pods: "1" } } });
    await client.create(pods, pod("a"));
    await expect(client.create(pods, pod("b"))).rejects.toThrow(
      'pods "b" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1',
    );
  });

  test("the service account of a pod does not exist: refused", async () => {
    await expect(client.create(pods, pod("c", { serviceAccountName: "robot" }))).rejects.toThrow(
      'error looking up service account default/robot: serviceaccount "robot" not found',
    );
  });
});
