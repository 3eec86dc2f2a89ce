import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { createClient } from "../../../operator/runtime/client.ts";
import type { ApiClient, ResourceType } from "../../../operator/runtime/kubernetes.ts";
import { kubeconfigOf } from "../../support/kubeconfig.ts";
import { ok, ref, services, useServer, web } from "./client-harness.ts";
import { sendJson, startServer } from "./http-server.ts";

const deployments: ResourceType = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};

const harness = useServer();

describe("what is sent", () => {
  const body = JSON.stringify(web);
  const calls: {
    name: string;
    call: (client: ApiClient) => Promise<unknown>;
    expect: { method: string; path: string; query?: string; type?: string; body?: string };
  }[] = [
    {
      name: "get reads one object",
      call: (client) => client.get(services, ref),
      expect: { method: "GET", path: "/api/v1/namespaces/shop/services/web" },
    },
    {
      name: "create posts to the collection",
      call: (client) => client.create(services, web),
      expect: { method: "POST", path: "/api/v1/namespaces/shop/services", type: "application/json", body },
    },
    {
      name: "replace puts the object, or its status",
      call: (client) => client.replace(services, web, { subresource: "status" }),
      expect: {
        method: "PUT",
        path: "/api/v1/namespaces/shop/services/web/status",
        type: "application/json",
        body,
      },
    },
    {
      name: "apply is a strict server-side apply with a field manager",
      call: (client) => client.apply(services, web, { fieldManager: "me", force: true }),
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
      call: (client) => client.patch(services, ref, { type: "merge", body: { a: 1 }, subresource: "status" }),
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
        client.delete(deployments, ref, { preconditions: { uid: "u" }, propagationPolicy: "Orphan" }),
      expect: {
        method: "DELETE",
        path: "/apis/apps/v1/namespaces/shop/deployments/web",
        type: "application/json",
        body: '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"},"propagationPolicy":"Orphan"}',
      },
    },
  ];
  test.each(calls)("$name", async ({ call, expect: expected }) => {
    await call(harness.connect());
    const [received] = harness.server.received;
    expect({
      method: received?.method,
      path: received?.url.pathname,
      query: received?.url.search.slice(1),
      type: received?.headers["content-type"],
      body: received?.body,
    }).toEqual({ query: "", type: undefined, body: "", ...expected });
  });

  test("a list asks for one page and names what the server leaves out", async () => {
    harness.server.answer = (_, response) =>
      sendJson(response, 200, {
        apiVersion: "apps/v1",
        kind: "DeploymentList",
        metadata: { resourceVersion: "7", continue: "next" },
        items: [{ metadata: { name: "web" } }],
      });
    const page = await harness
      .connect()
      .list(deployments, { labelSelector: "a=b", limit: 2, continue: "token" });
    expect(page).toEqual({
      items: [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } }],
      metadata: { resourceVersion: "7", continue: "next" },
    });
    expect(harness.server.received[0]?.url.pathname).toBe("/apis/apps/v1/deployments");
    expect(harness.server.received[0]?.url.search).toBe("?labelSelector=a%3Db&limit=2&continue=token");
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

  test("one after the other they are reused, and carry the token", async () => {
    const config = kubeconfig({ server: harness.server.url, "insecure-skip-tls-verify": true });
    const client = harness.connect({ server: undefined, kubeconfig: config });
    for (let turn = 0; turn < 50; turn += 1) await client.get(services, ref);
    // A request may start in the moment before the last one's connection is free again: then there are two.
    expect(harness.server.connections()).toBeLessThanOrEqual(2);
    expect(harness.server.received.every(({ headers }) => headers.authorization === "Bearer secret")).toBe(
      true,
    );
  });

  test("at once they need no more than the pool holds, and watches don't take from it", async () => {
    harness.server.answer = (received, response) => {
      if (received.url.searchParams.has("watch")) response.writeHead(200).write("\n");
      else setTimeout(() => sendJson(response, 200, web), 5);
    };
    const client = harness.connect({ connections: 4 });
    const stopping = new AbortController();
    const options = { resourceVersion: "1", timeoutSeconds: 300, allowWatchBookmarks: true };
    const watches = Array.from({ length: 6 }, async () => {
      for await (const event of client.watch(services, options, stopping.signal))
        expect(event).toBeUndefined();
    });
    await Promise.all(Array.from({ length: 100 }, () => client.get(services, ref)));
    expect(harness.server.connections()).toBe(4 + 6);
    stopping.abort();
    expect((await Promise.allSettled(watches)).every(({ status }) => status === "rejected")).toBe(true);
  });

  test("over TLS they are verified by the kubeconfig's CA and reused as well", async () => {
    const key = join(directory, "key.pem");
    const cert = join(directory, "cert.pem");
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
    execFileSync("openssl", ["req", "-x509", "-days", "1", ...newKey, "-out", cert, ...subject], {
      stdio: "ignore",
    });
    const tls = await startServer(ok, { cert: readFileSync(cert), key: readFileSync(key) });
    try {
      const trusting = harness.connect({
        server: undefined,
        kubeconfig: kubeconfig({ server: tls.url, "certificate-authority": cert }),
      });
      for (let turn = 0; turn < 20; turn += 1) await trusting.get(services, ref);
      expect(tls.connections()).toBeLessThanOrEqual(2);
      const strict = harness.connect({
        server: undefined,
        kubeconfig: kubeconfig({ server: tls.url }),
        retries: 0,
      });
      await expect(strict.get(services, ref)).rejects.toMatchObject({ name: "ConnectionError" });
    } finally {
      await tls.close();
    }
  });

  test("a kubeconfig without the context is refused with its name", () => {
    const config = kubeconfig({ server: harness.server.url });
    expect(() => createClient({ kubeconfig: config, context: "prod" })).toThrow(/"prod"/);
  });
});
