import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApiClient, ResourceType } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { freshNamespace, kinds, removeNamespace, unlessMissing } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { applyPolicies, childrenOf, operatorUser, protectedLabels } from "../support/admission.ts";
import { apiServer } from "../support/api-server.ts";

let cluster: Cluster;
let client: ApiClient;
const namespaces: string[] = [];

const children = [kinds.Deployment, kinds.Service, kinds.ControllerRevision];

/** Creates the objects of an app as the operator does. */
const asOperator = (namespace: string, objects: readonly object[]): Promise<string> => {
  const user = [`--as=${operatorUser}`, "--as-group=system:masters"];
  const list = { apiVersion: "v1", kind: "List", items: objects };
  return kubectl(cluster, [...user, "-n", namespace, "create", "-f", "-"], JSON.stringify(list));
};

/** A namespace with the policies and an app; no operator runs. */
async function install(prefix: string): Promise<string> {
  const namespace = await freshNamespace(client, prefix, protectedLabels);
  namespaces.push(namespace);
  await applyPolicies(cluster, namespace);
  const app = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata: { name: "web", namespace } };
  const { metadata } = await client.create(kinds.DemoApp, { ...app, spec: { image: "web:1" } });
  await asOperator(namespace, childrenOf(metadata.uid ?? ""));
  // Written by the Deployment controller.
  await until("the Deployment controller has written the Deployment and its status", 30_000, async () => {
    const { metadata, status } = await client.get(kinds.Deployment, { namespace, name: "web" });
    const { observedGeneration } = (status ?? {}) as { observedGeneration?: number };
    const isWritten = metadata.annotations?.["deployment.kubernetes.io/revision"] !== undefined;
    return (isWritten && observedGeneration !== undefined) || undefined;
  });
  return namespace;
}

const isGone = (resource: ResourceType, namespace: string): Promise<true> =>
  until(`${resource.kind} is gone`, 60_000, async () =>
    (await unlessMissing(client.get(resource, { namespace, name: "web" }))) === undefined ? true : undefined,
  );

beforeAll(async () => {
  client = await apiServer();
  cluster = await testCluster("api");
});
afterAll(async () => {
  for (const namespace of namespaces) await removeNamespace(client, namespace);
  await client.close();
});

describe("under the policies, without an operator", () => {
  test.each(["Background", "Foreground"] as const)(
    "a DemoApp is deleted (%s): its objects are deleted",
    async (propagationPolicy) => {
      const namespace = await install(`admission-${propagationPolicy.toLowerCase()}`);
      await client.delete(kinds.DemoApp, { namespace, name: "web" }, { propagationPolicy });
      for (const resource of [kinds.DemoApp, ...children]) await isGone(resource, namespace);
    },
  );

  test("a DemoApp orphans its objects: another tool may remove our labels and annotations, but not set them", async () => {
    const namespace = await install("admission-orphan");
    const ref = { namespace, name: "web" };
    await client.delete(kinds.DemoApp, ref, { propagationPolicy: "Orphan" });
    await isGone(kinds.DemoApp, namespace);
    for (const resource of children) {
      const patch = (value: string | null) => {
        const managedBy = value && "demoapp-operator";
        const metadata = {
          labels: { "app.kubernetes.io/managed-by": managedBy },
          annotations: { "demoapp.dev/rollout": value },
        };
        return client.patch(resource, ref, { type: "merge", body: { metadata } });
      };
      const { metadata } = await patch(null);
      expect(metadata).not.toHaveProperty("ownerReferences");
      await expect(patch("9")).rejects.toThrow("Only the DemoApp operator");
    }
  });

  test("a namespace is deleted: it ends", async () => {
    const namespace = await install("admission-namespace");
    await removeNamespace(client, namespace);
    const { Namespace } = kinds;
    await until("the namespace is gone", 60_000, async () =>
      (await unlessMissing(client.get(Namespace, { name: namespace }))) === undefined ? true : undefined,
    );
    namespaces.splice(namespaces.indexOf(namespace), 1);
  });
});

describe("the policy for the operator", () => {
  const refusal = "Create the DemoApp in another namespace.";
  const expectRefused = async (namespace: string): Promise<void> => {
    await applyPolicies(cluster, namespace);
    for (const object of childrenOf("1"))
      await expect(asOperator(namespace, [object])).rejects.toThrow(refusal);
  };

  test("writes in a namespace kube-*: refused", async () => {
    const namespace = await freshNamespace(client, "kube-admission", protectedLabels);
    namespaces.push(namespace);
    await expectRefused(namespace);
  });

  test("writes in its own namespace: refused", async () => {
    const name = "demoapp-system";
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: protectedLabels } };
    await client.apply(kinds.Namespace, object, { fieldManager: "tests", force: true });
    await expectRefused(name);
  });
});
