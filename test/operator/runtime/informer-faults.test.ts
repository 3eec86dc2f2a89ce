import { describe, expect, test } from "@jest/globals";
import { ApiError, ConnectionError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { bookmark, deleted, expired, modified, second, useScene } from "./informer-harness.ts";
import { object, page } from "./scripted-api.ts";

const scene = useScene();
const reset = new ConnectionError("ECONNRESET", undefined);
const notServed = new ApiError(404, { message: "the server could not find the requested resource" });
const names = (): string[] =>
  scene()
    .informer.store.list()
    .map(({ metadata }) => metadata.name);

describe("a watch that can't be trusted", () => {
  test("etcd was restored to a version before the watch's, so the server accepts the watch and stays silent: a list follows", async () => {
    scene().api.pages = [page([object("a", 1100)], 1200), page([object("b", 1001)], 1002)];
    await scene().start();
    await scene().clock.advance(120 * second);
    expect(scene().api.lists).toHaveLength(2);
    expect(names()).toEqual(["b"]);
    expect(scene().api.watch.options.resourceVersion).toBe("1002");
  });

  test("an event can't be decoded: a list follows, not the same event again", async () => {
    scene().api.pages = [page([object("a", 1)], 10), page([object("b", 12)], 12)];
    await scene().start();
    scene().api.watch.fail(new SyntaxError("Unexpected token"));
    await scene().clock.advance(second);
    expect(names()).toEqual(["b"]);
  });

  test("the connection breaks five times without an event: a list follows", async () => {
    scene().api.pages = [page([object("a", 1)], 10), page([object("b", 2)], 3)];
    await scene().start();
    for (let i = 0; i < 5; i += 1) {
      expect(scene().api.lists).toHaveLength(1);
      scene().api.watch.fail(reset);
      await scene().clock.advance(10 * second);
    }
    expect(scene().api.lists).toHaveLength(2);
    expect(names()).toEqual(["b"]);
  });
});

describe("a collection that can't be read", () => {
  test("the list answers 404, because the CRD was deleted: the cache is emptied and not synced", async () => {
    scene().api.pages = [page([object("a", 1)], 10), notServed];
    await scene().start();
    scene().api.watchError = notServed;
    scene().api.watch.fail(reset);
    await scene().clock.advance(60 * second);
    expect(scene().informer.synced()).toBe(false);
    expect(scene().takeChanges()).toEqual(["ADDED a@1", "DELETED a@1"]);
    scene().api.watchError = undefined;
    scene().api.pages = [page([object("a", 1)], 11)];
    await scene().clock.advance(30 * second);
    expect(scene().informer.synced()).toBe(true);
    expect(names()).toEqual(["a"]);
  });

  test("the list answers 403: the cache keeps its objects and is not synced", async () => {
    scene().api.pages = [page([object("a", 1)], 10), new ApiError(403, { message: "no" })];
    await scene().start();
    scene().api.watch.push({ type: "ERROR", object: expired });
    await scene().clock.advance(60 * second);
    expect(scene().informer.synced()).toBe(false);
    expect(names()).toEqual(["a"]);
  });

  test("one of two namespaces answers 403: only that namespace is not synced", async () => {
    const { client } = scene().api;
    const list = client.list.bind(client);
    scene().api.pages = [page([object("a", 1, "shop")], 10)];
    client.list = (resource, options) =>
      options.namespace === "gone" ? Promise.reject(new ApiError(403, {})) : list(resource, options);
    await scene().start({ namespaces: ["shop", "gone"] });
    expect(["shop", "gone", undefined].map((one) => scene().informer.synced(one))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("a proxy asks to retry after an hour: the list is retried within half a minute", async () => {
    const maintenance = new ApiError(503, { message: "maintenance" }, 3600 * second);
    scene().api.pages = [maintenance, page([object("a", 1)], 1)];
    await scene().start();
    await scene().clock.advance(31 * second);
    expect(scene().informer.synced()).toBe(true);
  });
});

describe("the response to a write", () => {
  test("the response arrives after a list without the object: the object stays deleted", async () => {
    scene().api.pages = [page([object("a", 5)], 10), page([], 20)];
    await scene().start();
    scene().api.watch.push({ type: "ERROR", object: expired });
    await settle();
    scene().informer.update(object("a", 8));
    expect(names()).toEqual([]);
    scene().informer.update(object("a", 21));
    expect(names()).toEqual(["a"]);
  });

  test("another namespace was listed since the object was deleted: the object stays deleted", async () => {
    scene().api.pages = [page([], 1), page([object("a", 5, "bank")], 6), page([], 20)];
    await scene().start({ namespaces: ["shop", "bank"] });
    scene().api.watches[1]?.push(deleted(object("a", 12, "bank")));
    await settle();
    scene().api.watches[0]?.push({ type: "ERROR", object: expired });
    await settle();
    scene().informer.update(object("a", 8, "bank"));
    expect(names()).toEqual([]);
  });

  test("the cache does not select the object: the object is not stored", async () => {
    scene().api.pages = [page([], 10)];
    await scene().start({ labelSelector: "app=x", namespaces: ["shop"] });
    const labelled = (namespace: string, labels: Readonly<Record<string, string>>) => {
      const { metadata, ...rest } = object("a", 11, namespace);
      return { ...rest, metadata: { ...metadata, labels } };
    };
    scene().informer.update(labelled("shop", {}));
    scene().informer.update(labelled("bank", { app: "x" }));
    expect(names()).toEqual([]);
    scene().informer.update(labelled("shop", { app: "x", other: "y" }));
    expect(names()).toEqual(["a"]);
  });

  test("the selector is no list of equal labels: only an object that is stored already is updated", async () => {
    scene().api.pages = [page([object("known", 1)], 10)];
    await scene().start({ labelSelector: "app in (x,y)" });
    scene().informer.update(object("known", 11));
    scene().informer.update(object("unknown", 12));
    expect(scene().takeChanges()).toEqual(["ADDED known@1", "MODIFIED known@11"]);
  });
});

test("an object changes only in what the cache omits: no change is reported", async () => {
  scene().api.pages = [page([object("a", 1)], 10)];
  const changes: string[] = [];
  await scene().start({
    transform: (item) => ({ ...item, metadata: { name: item.metadata.name } }),
    onChange: ({ type }) => void changes.push(type),
  });
  for (let version = 11; version < 15; version += 1) scene().api.watch.push(modified(object("a", version)));
  scene().api.watch.push(bookmark(20));
  await settle();
  expect(changes).toEqual(["ADDED"]);
});
