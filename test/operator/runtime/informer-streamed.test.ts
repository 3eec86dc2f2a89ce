import { beforeEach, expect, test } from "@jest/globals";
import { ApiError, ConnectionError } from "../../../operator/runtime/api-error.ts";
import type { WatchEvent } from "../../../operator/runtime/kubernetes.ts";
import { settle } from "../../sim/clock.ts";
import { added, deleted, expired, modified, second, useScene } from "./informer-harness.ts";
import { object, page } from "./scripted-api.ts";

const scene = useScene();
beforeEach(() => {
  scene().api.streamsLists = true;
});

/** The bookmark that ends the initial events. */
const listEnd = (version: number): WatchEvent => {
  const { metadata, ...rest } = object("", version);
  const annotations = { "k8s.io/initial-events-end": "true" };
  return { type: "BOOKMARK", object: { ...rest, metadata: { ...metadata, annotations } } };
};
const names = (): string[] =>
  scene()
    .informer.store.list()
    .map(({ metadata }) => metadata.name);

test("the server streams lists: one watch sends the present objects and then the changes, without a list request", async () => {
  await scene().start({ labelSelector: "app=x" });
  expect(scene().api.watch.options).toMatchObject({
    labelSelector: "app=x",
    sendInitialEvents: true,
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: true,
  });
  expect(scene().api.watch.options.resourceVersion).toBeUndefined();
  scene().api.watch.push(added(object("a", 1)), added(object("b", 2)));
  await settle();
  expect(scene().informer.synced()).toBe(false);
  scene().api.watch.push(listEnd(10), modified(object("a", 11)));
  await settle();
  expect(scene().informer.synced()).toBe(true);
  expect(scene().takeChanges()).toEqual(["ADDED a@1", "ADDED b@2", "MODIFIED a@11"]);
  expect(scene().api.watches).toHaveLength(1);
  expect(scene().api.lists).toEqual([]);
});

test("an object is deleted while the list is streamed: not stored", async () => {
  await scene().start();
  scene().api.watch.push(added(object("a", 1)), deleted(object("a", 9)), listEnd(10));
  await settle();
  expect(names()).toEqual([]);
});

test("the connection breaks during the streamed list: the next one starts anew, and unlisted objects are deleted", async () => {
  await scene().start();
  scene().api.watch.push(added(object("a", 1)));
  scene().api.watch.fail(new ConnectionError("ECONNRESET", undefined));
  await scene().clock.advance(second);
  expect(scene().informer.synced()).toBe(false);
  scene().api.watch.push(added(object("b", 2)), listEnd(10));
  await settle();
  expect(names()).toEqual(["b"]);
});

test("the version has expired: a streamed list reports only the missed changes", async () => {
  await scene().start();
  scene().api.watch.push(added(object("a", 1)), added(object("b", 2)), listEnd(10));
  await settle();
  scene().takeChanges();
  scene().api.watch.push({ type: "ERROR", object: expired });
  await settle();
  scene().api.watch.push(added(object("b", 2)), added(object("c", 11)), listEnd(12));
  await settle();
  expect(scene().takeChanges()).toEqual(["ADDED c@11", "DELETED a@1"]);
  expect(await scene().count("operator_relists_total")).toBe(1);
});

test("the server refuses to stream lists (422): lists in pages at once, and from then on", async () => {
  scene().api.pages = [page([object("a", 1)], 10)];
  await scene().start();
  scene().api.watch.fail(new ApiError(422, {}));
  await settle();
  expect(names()).toEqual(["a"]);
  scene().api.watch.push({ type: "ERROR", object: expired });
  await settle();
  expect(scene().api.lists).toHaveLength(2);
});

test.each([
  ["ends the watch before all objects were sent", 1, () => scene().api.watch.end()],
  ["holds back all events", 92, () => undefined],
])("the server %s: lists in pages, and streams the next list", async (_, seconds, fail) => {
  scene().api.pages = [page([object("a", 1)], 10)];
  await scene().start();
  fail();
  await scene().clock.advance(seconds * second);
  expect(names()).toEqual(["a"]);
  expect(scene().api.lists).toHaveLength(1);
  scene().api.watch.push({ type: "ERROR", object: expired });
  await scene().clock.advance(second);
  expect(scene().api.lists).toHaveLength(1);
  expect(scene().api.watch.options.sendInitialEvents).toBe(true);
});

test.each([
  ["a gateway ends each watch with 504", new ApiError(504, {})],
  ["each watch breaks", new ConnectionError("ECONNRESET", undefined)],
])("%s before its list is complete: the fifth failure is followed by a list in pages", async (_, error) => {
  scene().api.pages = [page([object("a", 1)], 10)];
  await scene().start();
  for (let i = 0; i < 5; i += 1) {
    expect(scene().informer.synced()).toBe(false);
    scene().api.watch.push(added(object("a", 1)));
    scene().api.watch.fail(error);
    await scene().clock.advance(10 * second);
  }
  expect(names()).toEqual(["a"]);
  expect(scene().informer.synced()).toBe(true);
});

test("each streamed list is followed by an expired version: the lists back off", async () => {
  await scene().start();
  for (let i = 0; i < 20; i += 1) {
    scene().api.watch.push(added(object("a", 1)), listEnd(10), { type: "ERROR", object: expired });
    await settle();
  }
  expect(scene().api.watches.length).toBeLessThan(4);
});
