import { describe, expect, test } from "@jest/globals";
import { type Caches, type ObserveOptions, byApp, observe } from "../../../operator/controller/observe.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { App } from "../../../operator/core/observed.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import { Store } from "../../../operator/runtime/store.ts";
import { carrying, v1, valid } from "../core/deciding.ts";
import { app, pod, unready, waiting } from "../core/objects.ts";
import { renderService } from "../../../operator/core/render/service.ts";

const key = "team/web";
const keys = () => [key];
const storeOf = <T>() => new Store<T>({ [byApp]: keys });

/** Caches with an app in them, and a server that answers as the test says. */
function scene() {
  const caches = {
    apps: { store: storeOf<App>() },
    deployments: { store: storeOf<Manifest>() },
    services: { store: storeOf<Manifest>() },
    revisions: { store: storeOf<Manifest>() },
    pods: { store: storeOf<object>() },
    scalers: { store: storeOf<object>() },
  };
  caches.apps.store.set("team", "web", app());
  const gone = (): Promise<never> => Promise.reject(new ApiError(404, { reason: "NotFound" }));
  const server = { get: gone as () => Promise<unknown>, asked: 0 };
  const client = {
    get: () => {
      server.asked += 1;
      return server.get();
    },
  };
  const warnings = { of: () => Promise.resolve([]) };
  const options = { caches: caches as unknown as Caches, client, warnings } as unknown as ObserveOptions;
  return { caches, server, look: () => observe(key, options) };
}

describe("an observation", () => {
  test("asks for a child only where the cache lacks it", async () => {
    const { caches, server, look } = scene();
    caches.deployments.store.set("team", "web", carrying(v1));
    caches.services.store.set("team", "web", renderService(valid({})));
    expect(await look()).toMatchObject({ deployment: { kind: "Deployment" }, service: { kind: "Service" } });
    expect(server.asked).toBe(0);
  });

  test("takes what the caches hold when the answers are there, not when they were asked for", async () => {
    const { caches, server, look } = scene();
    const answer = Promise.withResolvers<never>();
    server.get = () => answer.promise;
    const looking = look();
    caches.apps.store.set("team", "web", app({ generation: 2 }));
    caches.deployments.store.set("team", "web", carrying(v1));
    caches.pods.store.set("team", "a", pod("a", v1));
    answer.reject(new ApiError(404, { reason: "NotFound" }));
    expect(await looking).toMatchObject({
      app: { generation: 2 },
      deployment: { kind: "Deployment" },
      pods: [{ name: "a", ready: true }],
    });
  });

  test("is none of an app that went meanwhile", async () => {
    const { caches, look } = scene();
    const looking = look();
    caches.apps.store.delete("team", "web");
    expect(await looking).toBeUndefined();
  });

  test("has the pods in the order of their names, whichever changed last", async () => {
    const { caches, look } = scene();
    for (const name of ["b", "a"]) caches.pods.store.set("team", name, pod(name, v1));
    caches.pods.store.set("team", "a", unready("a", v1, waiting("ErrImagePull")));
    expect((await look())?.pods.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("says which child it may not see", async () => {
    const { server, look } = scene();
    server.get = () => Promise.reject(new ApiError(403, { message: "cannot get resource" }));
    expect((await look())?.refused).toMatchObject({ object: "Deployment/web", status: 403 });
  });
});
