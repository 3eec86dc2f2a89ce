import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { applyCrd } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";

/** Starts the API server of the tier `api` unless it runs, applies the CRD and returns a client. */
export async function apiServer(): Promise<ApiClient> {
  const cluster = await testCluster("api");
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  await applyCrd(client);
  return client;
}
