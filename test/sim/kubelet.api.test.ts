import { ApiError, createClient } from "../../operator/runtime/client.ts";
import { freshNamespace, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { kubeletSuite } from "./kubelet-suite.ts";
import { serviceAccounts } from "./kinds.ts";

kubeletSuite("a real API server", async () => {
  const { kubeconfig } = await testCluster("api");
  const client = createClient({ kubeconfig });
  const namespace = await freshNamespace(client, "kubelet");
  const hasAccount = async (): Promise<boolean> => {
    try {
      await client.get(serviceAccounts, { name: "default", namespace });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return false;
      throw error;
    }
  };
  // Pods are refused until a controller has made the namespace's service account.
  while (!(await hasAccount()));
  const close = async (): Promise<void> => {
    await removeNamespace(client, namespace);
    await client.close();
  };
  return { client, namespace, close };
});
