import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { ExpectedError } from "../../../operator/runtime/api-error.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { RestClient } from "../../../operator/runtime/rest.ts";
import { Transport } from "../../../operator/runtime/transport.ts";
import { kubeconfigOf } from "../../../tools/cluster/kubeconfig.ts";
import { ref, sendJson, TestServer, useServer, web } from "./http-server.ts";

const server = useServer();

describe("requests", () => {
  const body = JSON.stringify(web);
  const calls: {
    name: string;
    call: (client: ApiClient) => Promise<unknown>;
    expect: { method: string; path: string; query?: string; type?: string; body?: string };
  }[] = [
    {
      name: "get reads one object",
      call: (client) => client.get(resources.Service, ref),
      expect: { method: "GET", path: "/api/v1/namespaces/shop/services/web" },
    },
    {
      name: "create posts to the collection",
      call: (client) => client.create(resources.Service, web),
      expect: { method: "POST", path: "/api/v1/namespaces/shop/services", type: "application/json", body },
    },
    {
      name: "replace puts the object, or its status",
      call: (client) => client.replace(resources.Service, web, { subresource: "status" }),
      expect: {
        method: "PUT",
        path: "/api/v1/namespaces/shop/services/web/status",
        type: "application/json",
        body,
      },
    },
    {
      name: "apply is a strict server-side apply with a field manager",
      call: (client) => client.apply(resources.Service, web, { fieldManager: "me", force: true }),
      expect: {
        method: "PATCH",
        path: "/api/v1/namespaces/shop/services/web",
        query: "fieldManager=me&force=true&fieldValidation=Strict",
        type: "application/apply-patch+yaml",
        body,
      },
    },
    {
      name: "patch merges into a subresource",
      call: (client) =>
        client.patch(resources.Service, ref, { type: "merge", body: { a: 1 }, subresource: "status" }),
      expect: {
        method: "PATCH",
        path: "/api/v1/namespaces/shop/services/web/status",
        type: "application/merge-patch+json",
        body: '{"a":1}',
      },
    },
    {
      name: "delete carries its preconditions",
      call: (client) =>
        client.delete(resources.Deployment, ref, {
          preconditions: { uid: "u" },
          propagationPolicy: "Orphan",
        }),
      expect: {
        method: "DELETE",
        path: "/apis/apps/v1/namespaces/shop/deployments/web",
        type: "application/json",
        body: '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"},"propagationPolicy":"Orphan"}',
      },
    },
  ];
  test.each(calls)("$name", async ({ call, expect: expected }) => {
    await call(server().connect());
    const [received] = server().received;
    expect({
      method: received?.method,
      path: received?.url.pathname,
      query: received?.url.search.slice(1),
      type: received?.headers["content-type"],
      body: received?.body,
    }).toEqual({ query: "", type: undefined, body: "", ...expected });
  });

  test("a list: requests one page, and sets apiVersion and kind of its items", async () => {
    server().respond = (_, response) =>
      sendJson(response, 200, {
        apiVersion: "apps/v1",
        kind: "DeploymentList",
        metadata: { resourceVersion: "7", continue: "next" },
        items: [{ metadata: { name: "web" } }],
      });
    const page = await server()
      .connect()
      .list(resources.Deployment, { labelSelector: "a=b", limit: 2, continue: "token" });
    expect(page).toEqual({
      items: [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } }],
      metadata: { resourceVersion: "7", continue: "next" },
    });
    expect(server().received[0]?.url.pathname).toBe("/apis/apps/v1/deployments");
    expect(server().received[0]?.url.search).toBe("?labelSelector=a%3Db&limit=2&continue=token");
  });
});

describe("large responses", () => {
  const text = "x".repeat(1000);
  const list = (items: number, maxBytes: number) => {
    server().respond = (_, response) =>
      sendJson(response, 200, {
        apiVersion: "v1",
        kind: "ServiceList",
        metadata: {},
        items: Array.from({ length: items }, () => ({ metadata: { name: "web" }, text })),
      });
    return server().connect().list(resources.Service, {}, { maxBytes });
  };

  test("a response within the limit: returned", async () => {
    expect((await list(9, 10_000)).items).toHaveLength(9);
  });

  test("a response above the limit: rejects without a retry", async () => {
    await expect(list(10, 10_000)).rejects.toThrow("/api/v1/services is longer than 10000 bytes");
    expect(server().received).toHaveLength(1);
  });

  test("a response without an end: rejects before memory runs out", async () => {
    server().respond = (_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, " ");
      const send = (): void =>
        void (response.writableEnded || response.write(chunk, () => setImmediate(send)));
      response.on("error", () => response.end());
      send();
    };
    await expect(server().connect().get(resources.Service, ref)).rejects.toThrow(
      "longer than 16777216 bytes",
    );
  });
});

describe("connections", () => {
  const directory = mkdtempSync(join(tmpdir(), "client-test-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const kubeconfig = (cluster: Record<string, unknown>): string => {
    const path = join(mkdtempSync(join(directory, "kubeconfig-")), "config");
    writeFileSync(path, kubeconfigOf(cluster, { token: "secret" }));
    return path;
  };

  test("sequential requests with a token: share connections, and each has the token", async () => {
    const config = kubeconfig({ server: server().url });
    const client = server().connect({ server: undefined, kubeconfig: config });
    for (let i = 0; i < 50; i += 1) await client.get(resources.Service, ref);
    // A request may start just before the previous request's connection is free again: then two connections exist.
    expect(server().connections).toBeLessThanOrEqual(2);
    expect(server().received.every(({ headers }) => headers.authorization === "Bearer secret")).toBe(true);
  });

  test("an attempt: reported with method, host and port, resource and status", async () => {
    await server().connect().replace(resources.Service, web, { subresource: "status" });
    const { host } = new URL(server().url);
    expect(server().attempts).toMatchObject([
      { method: "PUT", host, resource: "services/status", status: 200 },
    ]);
  });

  test("100 concurrent requests and 6 watches: at most 4 connections for requests, one more per watch", async () => {
    server().respond = (received, response) => {
      if (received.url.searchParams.has("watch")) response.writeHead(200).write("\n");
      else setTimeout(() => sendJson(response, 200, web), 5);
    };
    const client = server().connect({ connections: 4 });
    const stopping = new AbortController();
    const options = { resourceVersion: "1", timeoutSeconds: 300, allowWatchBookmarks: true };
    const watches = Array.from({ length: 6 }, async () => {
      for await (const event of client.watch(resources.Service, options, stopping.signal))
        expect(event).toBeUndefined();
    });
    await Promise.all(Array.from({ length: 100 }, () => client.get(resources.Service, ref)));
    expect(server().connections).toBe(4 + 6);
    stopping.abort();
    expect((await Promise.allSettled(watches)).every(({ status }) => status === "rejected")).toBe(true);
  });

  test("TLS: the server is verified with the kubeconfig's CA, and connections are shared", async () => {
    const key = join(directory, "key.pem");
    const cert = join(directory, "cert.pem");
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
    execFileSync("openssl", ["req", "-x509", "-days", "1", ...newKey, "-out", cert, ...subject], {
      stdio: "ignore",
    });
    const tls = await new TestServer({ cert: readFileSync(cert), key: readFileSync(key) }).start();
    try {
      const trusting = server().connect({
        server: undefined,
        kubeconfig: kubeconfig({ server: tls.url, "certificate-authority": cert }),
      });
      for (let i = 0; i < 20; i += 1) await trusting.get(resources.Service, ref);
      expect(tls.connections).toBeLessThanOrEqual(2);
      const strict = server().connect({
        server: undefined,
        kubeconfig: kubeconfig({ server: tls.url }),
        retries: 0,
      });
      await expect(strict.get(resources.Service, ref)).rejects.toMatchObject({ name: "ConnectionError" });
    } finally {
      await tls.stop();
    }
  });

  test("the credentials can't be read: an expected error with the reason, and no request", async () => {
    const get = (): Promise<never> => Promise.reject(new Error("exec: no such file"));
    const credentials = { name: "the plug-in", get, renew: () => false };
    const client = new RestClient(new Transport({ server: server().url, credentials }));
    const error = await client.get(resources.Service, ref).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ExpectedError);
    expect(error).toMatchObject({ message: expect.stringContaining("exec: no such file") });
    expect(server().received).toEqual([]);
  });

  test("the kubeconfig lacks the context: refused with the context's name", () => {
    const config = kubeconfig({ server: server().url });
    expect(() => createClient({ kubeconfig: config, context: "prod" })).toThrow(/"prod"/);
  });
});
