// An operator that copies each ConfigMap with the label copy.dev/enabled=true to the namespaces in its annotation copy.dev/to.
import type { ApiClient, KubeObject, ResourceType } from "../../operator/runtime/kubernetes.ts";
import { byKey } from "../../operator/runtime/controller.ts";
import { createHealthApp } from "../../operator/runtime/health.ts";
import { listen } from "../../operator/runtime/httpserver.ts";
import { Manager } from "../../operator/runtime/manager.ts";

const name = "copier";
const labels = { "copy.dev/enabled": "true" };
const source = "copy.dev/source";
const configMaps: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

/** What the cache keeps of a ConfigMap. A copy names its source, as `namespace/name`. */
interface Kept {
  readonly namespace: string;
  readonly name: string;
  readonly data: unknown;
  readonly to: readonly string[];
  readonly source: string | undefined;
}

const keep = ({ metadata, data }: KubeObject): Kept => ({
  namespace: metadata.namespace ?? "",
  name: metadata.name,
  data: data ?? {},
  to: (metadata.annotations?.["copy.dev/to"] ?? "").split(",").filter((namespace) => namespace !== ""),
  source: metadata.annotations?.[source],
});

/** The ConfigMap that should be in a namespace. */
const copyOf = ({ namespace, name, data }: Kept, to: string) => ({
  apiVersion: "v1",
  kind: configMaps.kind,
  metadata: { namespace: to, name, labels, annotations: { [source]: `${namespace}/${name}` } },
  data,
});

export async function startCopier(client: ApiClient, identity: string) {
  const leaderElection = { namespace: "default", name, identity };
  const manager = new Manager({ name, client, leaderElection });
  const controller = manager.controller({
    name,
    reconcile: async (key) => {
      const [namespace, configMap = ""] = key.split("/");
      const original = cache.store.get(namespace, configMap);
      const copies = cache.store.byIndex(byKey, key).filter((copy) => copy.source === key);
      for (const copy of copies)
        if (!original?.to.includes(copy.namespace)) await manager.client.delete(configMaps, copy);
      for (const to of original?.to ?? []) {
        const live = cache.store.get(to, configMap);
        if (original === undefined || JSON.stringify(live?.data) === JSON.stringify(original.data)) continue;
        const options = { fieldManager: name, force: true };
        manager.updateCaches(await manager.client.apply(configMaps, copyOf(original, to), options));
      }
    },
  });
  const cache = controller.cache({
    resource: configMaps,
    labelSelector: "copy.dev/enabled=true",
    transform: keep,
    keys: (kept) => [kept.source ?? `${kept.namespace}/${kept.name}`],
  });
  manager.start();
  const app = createHealthApp({ live: manager.live, ready: manager.ready, metrics: manager.metrics });
  const server = await listen(app, 0, { hostname: "127.0.0.1" });
  const stop = async (): Promise<void> => {
    await manager.stop();
    await server.close();
  };
  return { port: server.port, stop };
}
