import { afterEach, beforeEach } from "@jest/globals";
import { type ClientOptions, createClient } from "../../../operator/runtime/client.ts";
import type { ApiClient, ResourceType } from "../../../operator/runtime/kubernetes.ts";
import type { RequestInfo } from "../../../operator/runtime/transport.ts";
import { type Answer, sendJson, startServer, type TestServer } from "./http-server.ts";

export const services: ResourceType = {
  group: "",
  version: "v1",
  plural: "services",
  kind: "Service",
  namespaced: true,
};
export const web = { apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "web" } };
export const ref = web.metadata;

export const ok: Answer = (_, response) => sendJson(response, 200, web);

interface Harness {
  /** The server of the test that runs. */
  readonly server: TestServer;
  /** What the clients said of their requests. */
  readonly requests: readonly RequestInfo[];
  connect(options?: ClientOptions): ApiClient;
}

/** A server and clients for each test of a file. */
export const useServer = (): Harness => {
  let server: TestServer | undefined;
  let clients: ApiClient[] = [];
  let requests: RequestInfo[] = [];
  const current = (): TestServer => {
    if (server === undefined) throw new Error("only within a test");
    return server;
  };
  beforeEach(async () => {
    requests = [];
    server = await startServer(ok);
  });
  afterEach(async () => {
    await current().close();
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
  });
  return {
    get server() {
      return current();
    },
    get requests() {
      return requests;
    },
    connect: (options = {}) => {
      const onRequest = (request: RequestInfo): void => void requests.push(request);
      const client = createClient({ server: current().url, onRequest, ...options });
      clients.push(client);
      return client;
    },
  };
};
