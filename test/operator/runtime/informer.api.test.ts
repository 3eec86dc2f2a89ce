import { expect, test } from "@jest/globals";
import { Informer } from "../../../operator/runtime/informer.ts";
import { realClock } from "../../../operator/runtime/clock.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { until } from "../../../tools/cluster/command.ts";
import { freshNamespace, kinds, removeNamespace } from "../../../tools/objects.ts";
import { testCluster } from "../../../tools/testclusters.ts";

test("a real API server streams the list: the cache is filled without a list request, and follows changes", async () => {
  const { kubeconfig } = await testCluster("api");
  const client = createClient({ kubeconfig });
  const namespace = await freshNamespace(client, "informer");
  const create = (name: string) =>
    client.create(kinds.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name } });
  await create("before");
  const watching = {
    list: () => Promise.reject(new Error("a list request")),
    watch: client.watch.bind(client),
  } satisfies Partial<ApiClient>;
  const informer = new Informer({
    client: watching as Partial<ApiClient> as ApiClient,
    resource: kinds.ConfigMap,
    namespaces: [namespace],
    transform: ({ metadata }) => metadata.name,
    onChange: () => undefined,
    clock: realClock,
    log: createLogger("silent"),
    metrics: createMetrics(),
  });
  try {
    informer.start();
    await informer.whenSynced();
    expect(informer.store.list(namespace)).toContain("before");
    await create("after");
    await until("the new ConfigMap is in the cache", 10_000, async () =>
      informer.store.list(namespace).includes("after") ? true : undefined,
    );
  } finally {
    await informer.stop();
    await removeNamespace(client, namespace);
    await client.close();
  }
});
