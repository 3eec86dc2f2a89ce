import { apiServer } from "../../support/api-server.ts";
import { freshNamespace, removeNamespace } from "../../../tools/objects.ts";
import { derivedSuite } from "./derived-suite.ts";

derivedSuite("a real API server", async () => {
  const client = await apiServer();
  const namespace = await freshNamespace(client, "derived");
  const close = async (): Promise<void> => {
    await removeNamespace(client, namespace);
    await client.close();
  };
  return { client, namespace, close };
});
