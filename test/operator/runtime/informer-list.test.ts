import { describe, expect, test } from "@jest/globals";
import { ApiError, ResponseTooLargeError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { added, bookmark, expired, second, useScene } from "./informer-harness.ts";
import { object, page } from "./scripted-api.ts";

const scene = useScene();

describe("listing", () => {
  test("several pages: all are stored, and the watch starts at the last page's version", async () => {
    scene().api.pages = [page([object("a", 1)], 10, "next"), page([object("b", 2)], 10)];
    await scene().start({ labelSelector: "app=x" });
    expect(scene().api.lists).toMatchObject([
      { limit: 200, labelSelector: "app=x" },
      { limit: 200, labelSelector: "app=x", continue: "next" },
    ]);
    expect(scene().takeChanges()).toEqual(["ADDED a@1", "ADDED b@2"]);
    expect(scene().informer.synced()).toBe(true);
    expect(scene().api.watch.options).toEqual({
      namespace: undefined,
      labelSelector: "app=x",
      fieldSelector: undefined,
      resourceVersion: "10",
      timeoutSeconds: 450,
      allowWatchBookmarks: true,
    });
  });

  test("the last page fails: not synced", async () => {
    scene().api.pages = [page([object("a", 1)], 10, "next"), new Error("reset")];
    await scene().start();
    expect(scene().informer.synced()).toBe(false);
  });

  test("the continue token has expired: lists again in pages", async () => {
    scene().api.pages = [
      page([object("a", 1)], 10, "next"),
      new ApiError(410, expired),
      page([object("a", 1)], 12),
    ];
    await scene().start();
    expect(scene().api.lists.map(({ limit }) => limit)).toEqual([200, 200, 200]);
    expect(scene().takeChanges()).toEqual(["ADDED a@1"]);
    expect(scene().api.watch.options.resourceVersion).toBe("12");
    expect(scene().logged).toEqual([]);
  });

  test("a cache has a page size, and a page is too large: read again in halves, and so are the pages after it", async () => {
    const tooLarge = new ResponseTooLargeError("/api/v1/pods", 4_194_304);
    scene().api.pages = [tooLarge, tooLarge, page([object("a", 1)], 10, "next"), page([object("b", 2)], 10)];
    await scene().start({ pageSize: 20 });
    expect(scene().api.lists.map((options) => [options.limit, options.continue])).toEqual([
      [20, undefined],
      [10, undefined],
      [5, undefined],
      [5, "next"],
    ]);
    expect(scene().informer.store.size).toBe(2);
  });

  test("no permission: logs once, retries, and is synced once the permission exists", async () => {
    scene().api.pages = [new ApiError(403, { message: "pods is forbidden" })];
    await scene().start();
    await scene().clock.advance(120 * second);
    expect(scene().informer.synced()).toBe(false);
    expect(scene().logged.filter(({ level }) => level === "error")).toMatchObject([
      { error: "pods is forbidden" },
    ]);
    expect(scene().api.lists.length).toBeGreaterThan(5);
    scene().api.pages = [page([object("a", 1)], 10)];
    await scene().clock.advance(30 * second);
    await scene().informer.whenSynced();
    expect(scene().informer.store.size).toBe(1);
    scene().api.watch.push(bookmark(11));
    await settle();
    expect(scene().logged.at(-1)).toMatchObject({ level: "info", msg: "watch works again" });
  });

  test("the list keeps failing: backs off to at most half a minute", async () => {
    scene().api.pages = [new ApiError(404, { message: "the server could not find the requested resource" })];
    await scene().start();
    await scene().clock.advance(3 * second);
    const early = scene().api.lists.length;
    await scene().clock.advance(300 * second);
    const afterLong = scene().api.lists.length;
    await scene().clock.advance(60 * second);
    expect(early).toBeGreaterThanOrEqual(4);
    expect(scene().api.lists.length - afterLong).toBeGreaterThanOrEqual(2);
    expect(scene().api.lists.length - afterLong).toBeLessThanOrEqual(3);
  });

  test("429 with Retry-After: waits that long", async () => {
    scene().api.pages = [new ApiError(429, {}, 20 * second), page([], 1)];
    await scene().start();
    await scene().clock.advance(19 * second);
    expect(scene().api.lists).toHaveLength(1);
    await scene().clock.advance(2 * second);
    expect(scene().informer.synced()).toBe(true);
  });

  test("two namespaces: one list and watch each, with one store", async () => {
    scene().api.pages = [page([object("a", 1, "shop")], 10), page([object("a", 2, "bank")], 11)];
    await scene().start({ namespaces: ["shop", "bank"] });
    expect(scene().api.lists.map(({ namespace }) => namespace)).toEqual(["shop", "bank"]);
    expect(scene().informer.store.list("bank")).toHaveLength(1);
    expect(scene().informer.store.size).toBe(2);
    scene().api.pages = [page([], 20)];
    scene().api.watches[0]?.push({ type: "ERROR", object: expired });
    await settle();
    expect(
      scene()
        .informer.store.list()
        .map(({ metadata }) => metadata.namespace),
    ).toEqual(["bank"]);
  });
});

describe("errors in callbacks", () => {
  test("transform throws: the error is counted and logged, and other objects are stored", async () => {
    scene().api.pages = [page([object("odd", 1), object("fine", 2)], 10)];
    await scene().start({
      transform: (item) => {
        if (item.metadata.name === "odd") throw new Error("odd");
        return item;
      },
    });
    expect(scene().takeChanges()).toEqual(["ADDED fine@2"]);
    expect(scene().informer.synced()).toBe(true);
    expect(await scene().count("operator_cache_errors_total")).toBe(1);
    expect(scene().logged).toMatchObject([{ level: "error", key: "shop/odd" }]);
  });

  test("onChange throws: the watch continues", async () => {
    const changes: string[] = [];
    scene().api.pages = [page([], 10)];
    await scene().start({
      onChange: ({ object }) => {
        changes.push(object.metadata.name);
        throw new Error("listener");
      },
    });
    scene().api.watch.push(added(object("a", 11)), added(object("b", 12)));
    await settle();
    expect(changes).toEqual(["a", "b"]);
    expect(scene().api.watches).toHaveLength(1);
  });
});
