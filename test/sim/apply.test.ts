import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type ApiClient, type KubeObject, createClient } from "../../operator/runtime/client.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { configMaps, deployments } from "./kinds.ts";

const server = new FakeApiServer();
let client: ApiClient;
let name: string;
let count = 0;

beforeAll(async () => {
  await server.start();
  client = createClient({ server: server.url, retries: 0, userAgent: "tests" });
});
afterAll(async () => {
  await client.close();
  await server.stop();
});
beforeEach(() => {
  count += 1;
  name = `app-${count}`;
});

const metadata = () => ({ name, namespace: "default" });
const ref = () => ({ name, namespace: "default" });

type Container = Record<string, unknown>;

function deployment(containers: readonly Container[], spec: Record<string, unknown> = {}) {
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(),
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

interface ApplyInput {
  readonly manager?: string;
  readonly force?: boolean;
  /** All other fields belong to the spec. */
  readonly [field: string]: unknown;
}

const apply = (
  containers: readonly Container[],
  { manager = "one", force = false, ...spec }: ApplyInput = {},
) => client.apply(deployments, deployment(containers, spec), { fieldManager: manager, force });

const app = (extra: Container = {}): Container => ({ name: "app", image: "x:1", ...extra });

interface PodSpec {
  readonly containers: readonly { name: string; image: string; env?: readonly { name: string }[] }[];
}
const podSpecOf = (object: KubeObject): PodSpec =>
  (object["spec"] as { template: { spec: PodSpec } }).template.spec;
const versionOf = (object: KubeObject) => object.metadata.resourceVersion;

describe("server-side apply", () => {
  test("another manager added a container: an apply keeps the container", async () => {
    await apply([app()]);
    await client.patch(deployments, ref(), {
      type: "json",
      body: [{ op: "add", path: "/spec/template/spec/containers/-", value: { name: "side", image: "y:1" } }],
    });
    const again = await apply([app({ image: "x:2" })]);
    expect(podSpecOf(again).containers.map((one) => `${one.name} ${one.image}`)).toEqual([
      "app x:2",
      "side y:1",
    ]);
  });

  test("the applier omits an env entry: the apply removes the entry", async () => {
    await apply([
      app({
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
      }),
    ]);
    const after = await apply([app({ env: [{ name: "B", value: "2" }] })]);
    expect(podSpecOf(after).containers[0]?.env).toEqual([{ name: "B", value: "2" }]);
  });

  test("the applier omits an env entry that another manager also owns: the entry stays", async () => {
    const env = [{ name: "A", value: "1" }];
    await apply([app({ env })]);
    await apply([app({ env })], { manager: "two" });
    const after = await apply([app()]);
    expect(podSpecOf(after).containers[0]?.env).toEqual(env);
  });

  test("kubectl edit changed a field: an apply of the field is refused and names the owner", async () => {
    await apply([app()]);
    const body = { spec: { minReadySeconds: 7 } };
    await client.patch(deployments, ref(), { type: "merge", body, fieldManager: "kubectl-edit" });
    await expect(apply([app()], { minReadySeconds: 9 })).rejects.toMatchObject({
      status: 409,
      reason: "Conflict",
      message:
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.minReadySeconds',
    });
  });

  test("an apply has force: the applier takes over the field, and the former owner has none left", async () => {
    await apply([app()]);
    const body = { spec: { minReadySeconds: 7 } };
    await client.patch(deployments, ref(), { type: "merge", body, fieldManager: "kubectl-edit" });
    const after = await apply([app()], { minReadySeconds: 9, force: true });
    expect(after["spec"]).toMatchObject({ minReadySeconds: 9 });
    expect(after.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["one"]);
  });

  test("no manager sets a field any more: the field gets its default", async () => {
    await apply([app()], { revisionHistoryLimit: 2 });
    expect((await apply([app()]))["spec"]).toMatchObject({ revisionHistoryLimit: 10 });
  });

  test("an apply changes nothing: the resourceVersion stays", async () => {
    const first = await apply([app()], { minReadySeconds: 0 });
    expect(versionOf(await apply([app()], { minReadySeconds: 0 }))).toBe(versionOf(first));
  });

  test("a port has no protocol: its key has the default protocol", async () => {
    await apply([app({ ports: [{ containerPort: 80 }] })]);
    const after = await apply([app({ ports: [{ name: "http", containerPort: 80, protocol: "TCP" }] })]);
    const ports = [{ name: "http", containerPort: 80, protocol: "TCP" }];
    expect(podSpecOf(after).containers[0]).toMatchObject({ ports });
  });

  test("a selector is an atomic map: its applier owns the whole map", async () => {
    const { metadata } = await apply([app()]);
    const fields = metadata.managedFields?.[0]?.fieldsV1 as { "f:spec": Record<string, unknown> };
    expect(fields["f:spec"]["f:selector"]).toEqual({});
  });

  test("an apply at /status: the spec stays, and the manager is separate from the one of the object", async () => {
    await apply([app()]);
    const status = { ...deployment([]), status: { replicas: 3 } };
    const after = await client.apply(deployments, status, { fieldManager: "one", subresource: "status" });
    expect(after["status"]).toEqual({ replicas: 3 });
    expect(podSpecOf(after).containers).toHaveLength(1);
    expect(after.metadata.managedFields?.map(({ subresource = "" }) => subresource)).toEqual(["", "status"]);
  });
});

describe("update", () => {
  test("an update changes an applied field: the applier loses the field", async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(), data: { a: "1", b: "1" } };
    await client.apply(configMaps, object, { fieldManager: "one" });
    await client.patch(configMaps, ref(), { type: "merge", body: { data: { a: "2" } }, fieldManager: "two" });
    const { metadata: after } = await client.get(configMaps, ref());
    expect(after.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ["one", { "f:data": { "f:b": {} } }],
      ["two", { "f:data": { "f:a": {} } }],
    ]);
  });

  test("a patch renames a manager in managedFields: the fields have the new manager", async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(), data: { a: "1", b: "1" } };
    await client.apply(configMaps, object, { fieldManager: "one" });
    const path = "/metadata/managedFields/0/manager";
    const patch = { type: "json", body: [{ op: "replace", path, value: "two" }] } as const;
    const { metadata: after } = await client.patch(configMaps, ref(), patch);
    expect(after.managedFields?.map(({ manager }) => manager)).toEqual(["two"]);
  });

  test("a patch changes nothing: the resourceVersion stays", async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(), data: { a: "1" } };
    const created = await client.create(configMaps, object);
    const patched = await client.patch(configMaps, ref(), { type: "merge", body: { data: { a: "1" } } });
    expect(versionOf(patched)).toBe(versionOf(created));
  });
});
