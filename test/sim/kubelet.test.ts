import { createClient } from "../../operator/runtime/client.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { kubeletSuite } from "./kubelet-suite.ts";

kubeletSuite("the fake API server", async () => {
  const server = new FakeApiServer();
  await server.start();
  const client = createClient({ server: server.url });
  const close = async (): Promise<void> => {
    await client.close();
    await server.stop();
  };
  return { client, namespace: "default", close };
});
