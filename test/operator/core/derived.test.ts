import { createClient } from "../../../operator/runtime/client.ts";
import { FakeApiServer } from "../../sim/apiserver/server.ts";
import { derivedSuite } from "./derived-suite.ts";

derivedSuite("the fake API server", async () => {
  const server = new FakeApiServer();
  await server.start();
  const client = createClient({ server: server.url });
  const close = async (): Promise<void> => {
    await client.close();
    await server.stop();
  };
  return { client, namespace: "default", close };
});
