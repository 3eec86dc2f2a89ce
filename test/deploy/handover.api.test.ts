import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { command } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { apiServer } from "../support/api-server.ts";
import { kinds, freshNamespace, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";

let cluster: Cluster;
let client: ApiClient;
let namespace: string;

beforeAll(async () => {
  client = await apiServer();
  cluster = await testCluster("api");
  namespace = await freshNamespace(client, "handover");
});
afterAll(async () => {
  await removeNamespace(client, namespace);
  await client.close();
});

/** What Argo CD does at a sync: a forced server-side apply of what Git says. Gives the replicas there are then. */
async function apply(manager: string, name: string, spec: object): Promise<number> {
  const metadata = { name, namespace };
  const object = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec };
  const stored = await client.apply(kinds.DemoApp, object, { fieldManager: manager, force: true });
  return (stored["spec"] as { replicas: number }).replicas;
}
const sync = (name: string, spec: object): Promise<number> =>
  apply("argocd-controller", name, { image: "webapp:1", ...spec });

/** What an autoscaler does: it writes the scale subresource. */
const scale = (name: string, replicas: number): Promise<string> =>
  command([cluster.kubectl, "-n", namespace, "scale", "demoapp", name, `--replicas=${replicas}`], {
    env: { KUBECONFIG: cluster.kubeconfig },
  });

describe("replicas, handed over from Git to an autoscaler", () => {
  test("are set back at every sync as long as Git says them", async () => {
    await sync("line-stays", { replicas: 6 });
    await scale("line-stays", 8);
    expect(await sync("line-stays", { replicas: 6 })).toBe(6);
  });

  test("fall to the default when the line goes and nobody else holds them", async () => {
    await sync("line-goes", { replicas: 6 });
    expect(await sync("line-goes", {})).toBe(2);
  });

  test("stay as they are when the line goes after another manager took hold of them", async () => {
    await sync("held", { replicas: 6 });
    await apply("hand-over", "held", { replicas: 6 });
    expect(await sync("held", {})).toBe(6);
    await scale("held", 8);
    expect(await sync("held", {})).toBe(8);
  });
});
