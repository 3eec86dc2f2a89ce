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

/** Syncs as Argo CD does, with a forced server-side apply; returns the replicas afterwards. */
async function apply(manager: string, name: string, spec: object): Promise<number> {
  const metadata = { name, namespace };
  const object = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec };
  const stored = await client.apply(kinds.DemoApp, object, { fieldManager: manager, force: true });
  return (stored["spec"] as { replicas: number }).replicas;
}
const sync = (name: string, spec: object): Promise<number> =>
  apply("argocd-controller", name, { image: "webapp:1", ...spec });

/** Scales as an autoscaler does, through the scale subresource. */
const scale = (name: string, replicas: number): Promise<string> =>
  command([cluster.kubectl, "-n", namespace, "scale", "demoapp", name, `--replicas=${replicas}`], {
    env: { KUBECONFIG: cluster.kubeconfig },
  });

describe("handing replicas over from Git to an autoscaler", () => {
  test("Git has replicas: every sync reverts the autoscaler's value", async () => {
    await sync("line-stays", { replicas: 6 });
    await scale("line-stays", 8);
    expect(await sync("line-stays", { replicas: 6 })).toBe(6);
  });

  test("the line is removed and no other manager owns replicas: the default applies", async () => {
    await sync("line-goes", { replicas: 6 });
    expect(await sync("line-goes", {})).toBe(2);
  });

  test("another manager owns replicas before the line is removed: replicas stay", async () => {
    await sync("owned", { replicas: 6 });
    await apply("hand-over", "owned", { replicas: 6 });
    expect(await sync("owned", {})).toBe(6);
    await scale("owned", 8);
    expect(await sync("owned", {})).toBe(8);
  });
});
