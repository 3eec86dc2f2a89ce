import { describe, expect, test } from "@jest/globals";
import { observe } from "../../../operator/controller/observe.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import { app, owner, pod, unready, waiting } from "../core/objects.ts";
import { deploymentOf, observedApp, v1 } from "../core/situations.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { observeOptions } from "./observeoptions.ts";
import { createCaches, key } from "./scene.ts";

/** Caches with an app, and an API server whose response to `get` a test can set. */
function scene() {
  const caches = createCaches(app());
  const notFound = (): Promise<never> => Promise.reject(new ApiError(404, { reason: "NotFound" }));
  const server = { get: notFound as () => Promise<unknown>, requests: 0 };
  const client = {
    get: () => {
      server.requests += 1;
      return server.get();
    },
  };
  const options = observeOptions(caches, client);
  return { caches, server, run: () => observe(key, options) };
}

describe("an observation", () => {
  test("the caches have both children: no API call", async () => {
    const { caches, server, run } = scene();
    caches.deployments.store.set("team", "web", deploymentOf(v1));
    caches.services.store.set("team", "web", renderService(observedApp(), "stable"));
    expect(await run()).toMatchObject({
      deployments: { stable: { kind: "Deployment" } },
      service: { kind: "Service" },
    });
    expect(server.requests).toBe(0);
  });

  test("the caches lack the children: both are read from the API server", async () => {
    const { server, run } = scene();
    const child = { kind: "Deployment", metadata: { name: "web" } };
    server.get = () => Promise.resolve(child);
    expect(await run()).toMatchObject({ deployments: { stable: child }, service: child });
    expect(server.requests).toBe(2);
  });

  test("the caches have objects with the children's names without their content: read from the API server", async () => {
    const { caches, server, run } = scene();
    const { spec: _, ...stub } = deploymentOf(v1);
    const candidate = { ...stub, metadata: { ...stub.metadata, name: "web-candidate" } };
    caches.deployments.store.set("team", "web", stub);
    caches.deployments.store.set("team", "web-candidate", candidate);
    server.get = () => Promise.resolve(deploymentOf(v1));
    expect(await run()).toMatchObject({
      deployments: { stable: { spec: { replicas: 2 } }, candidate: { spec: { replicas: 2 } } },
    });
    expect(server.requests).toBe(3);
  });

  test("an object with a child's name belongs to someone else: the observation lacks its content", async () => {
    const { server, run } = scene();
    const { metadata, ...content } = deploymentOf(v1);
    const taken = {
      ...content,
      metadata: { ...metadata, ownerReferences: [{ ...owner, uid: "other", name: "other" }] },
    };
    server.get = () => Promise.resolve(taken);
    expect((await run())?.deployments.stable).toMatchObject({ metadata: { name: "web" } });
    expect((await run())?.deployments.stable?.["spec"]).toBeUndefined();
  });

  test("a cache changes during an API call: the observation has the newer state", async () => {
    const { caches, server, run } = scene();
    const response = Promise.withResolvers<never>();
    server.get = () => response.promise;
    const observing = run();
    caches.apps.store.set("team", "web", app({ generation: 2 }));
    caches.deployments.store.set("team", "web", deploymentOf(v1));
    caches.pods.store.set("team", "a", pod("a", v1));
    response.reject(new ApiError(404, { reason: "NotFound" }));
    expect(await observing).toMatchObject({
      app: { generation: 2 },
      deployments: { stable: { kind: "Deployment" } },
      pods: [{ name: "a", ready: true }],
    });
  });

  test.each([
    { name: "loses its content in the cache", before: deploymentOf(v1) },
    { name: "appears in the cache without its content", before: undefined },
  ])("a child $name during an API call: read from the API server", async ({ before }) => {
    const { caches, server, run } = scene();
    const { spec: _, ...stub } = deploymentOf(v1);
    if (before !== undefined) caches.deployments.store.set("team", "web", before);
    server.get = () => {
      caches.deployments.store.set("team", "web", { ...stub, metadata: { ...stub.metadata, uid: "d" } });
      server.get = () => Promise.resolve(deploymentOf(v1));
      return Promise.reject(new ApiError(404, { reason: "NotFound" }));
    };
    expect((await run())?.deployments.stable).toMatchObject({ spec: { replicas: 2 } });
  });

  test("the app is deleted during an API call: no observation", async () => {
    const { caches, run } = scene();
    const observing = run();
    caches.apps.store.delete("team", "web");
    expect(await observing).toBeUndefined();
  });

  test("pods change in any order: the observation has them sorted by name", async () => {
    const { caches, run } = scene();
    for (const name of ["b", "a"]) caches.pods.store.set("team", name, pod(name, v1));
    caches.pods.store.set("team", "a", unready("a", v1, waiting("ErrImagePull")));
    expect((await run())?.pods.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("the API server fails: the error is thrown, so that the key is requeued", async () => {
    const { server, run } = scene();
    server.get = () => Promise.reject(new ApiError(503, {}));
    await expect(run()).rejects.toThrow("503");
  });

  test("the API server refuses to return a child: the observation has the refusal", async () => {
    const { server, run } = scene();
    server.get = () => Promise.reject(new ApiError(403, { message: "cannot get resource" }));
    expect((await run())?.refused).toMatchObject([
      { object: "Deployment/web", scope: "stable", status: 403 },
      { object: "Service/web", scope: "traffic", status: 403 },
    ]);
  });
});
