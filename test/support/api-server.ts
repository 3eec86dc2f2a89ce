import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { applyCrd } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";

/** A client of the API server that the tests of the tier `api` share, with the CRD in it; started if need be. */
export async function apiServer(): Promise<ApiClient> {
  const cluster = await testCluster("api");
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  await applyCrd(client);
  return client;
}
