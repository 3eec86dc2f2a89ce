import { createClient } from "../../operator/runtime/client.ts";
import { freshNamespace, removeNamespace, unlessMissing } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { kubeletSuite } from "./kubelet-suite.ts";
import { serviceAccounts } from "./kinds.ts";

kubeletSuite("a real API server", async () => {
  const { kubeconfig } = await testCluster("api");
  const client = createClient({ kubeconfig });
  const namespace = await freshNamespace(client, "kubelet");
  // Pods are refused until a controller has made the namespace's service account.
  const account = { name: "default", namespace };
  while ((await unlessMissing(client.get(serviceAccounts, account))) === undefined);
  const close = async (): Promise<void> => {
    await removeNamespace(client, namespace);
    await client.close();
  };
  return { client, namespace, close };
});
