import { beforeEach, describe, expect, test } from "@jest/globals";
import { ApiError, ConnectionError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { added, bookmark, deleted, expired, modified, second, useScene } from "./informer-harness.ts";
import { object, page } from "./scripted-api.ts";

const scene = useScene();
const reset = new ConnectionError("ECONNRESET", undefined);

describe("watching", () => {
  beforeEach(async () => {
    scene().api.pages = [page([object("a", 1)], 10)];
    await scene().start();
    scene().takeChanges();
  });

  test("additions, modifications and deletions: each is reported and stored", async () => {
    scene().api.watch.push(added(object("b", 11)), modified(object("b", 12)), deleted(object("b", 13)));
    await settle();
    expect(scene().takeChanges()).toEqual(["ADDED b@11", "MODIFIED b@12", "DELETED b@12"]);
    expect(scene().informer.store.size).toBe(1);
  });

  test("duplicate and late events: ignored, also after a deletion", async () => {
    scene().api.watch.push(
      added(object("b", 11)),
      added(object("b", 11)),
      modified(object("b", 13)),
      modified(object("b", 12)),
      deleted(object("b", 9)),
      deleted(object("b", 14)),
      deleted(object("b", 14)),
      modified(object("b", 13)),
    );
    await settle();
    expect(scene().takeChanges()).toEqual(["ADDED b@11", "MODIFIED b@13", "DELETED b@13"]);
    scene().api.watch.push(added(object("b", 15)));
    await settle();
    expect(scene().takeChanges()).toEqual(["ADDED b@15"]);
  });

  test("numeric versions are compared as numbers; of other versions, only equal ones are ignored", async () => {
    scene().api.watch.push(added(object("b", 99)), modified(object("b", 100)), modified(object("b", 99)));
    scene().api.watch.push(
      added(object("c", "x2")),
      modified(object("c", "x1")),
      modified(object("c", "x1")),
    );
    await settle();
    expect(scene().takeChanges()).toEqual(["ADDED b@99", "MODIFIED b@100", "ADDED c@x2", "MODIFIED c@x1"]);
  });

  test("the watch ends: the next one resumes at the last event or bookmark, without a list", async () => {
    scene().api.watch.push(added(object("b", 11)), bookmark(50));
    scene().api.watch.end();
    await settle();
    expect(scene().api.watch.options.resourceVersion).toBe("50");
    expect(scene().api.lists).toHaveLength(1);
    expect(await scene().count("operator_watch_restarts_total")).toBe(1);
  });

  test("the watch breaks: the next one resumes after a backoff", async () => {
    scene().api.watch.push(added(object("b", 11)));
    scene().api.watch.fail(reset);
    await scene().clock.advance(second);
    expect(scene().api.watches).toHaveLength(2);
    expect(scene().api.watch.options.resourceVersion).toBe("11");
    scene().api.watch.push(added(object("c", 12)));
    await settle();
    expect(scene().takeChanges()).toEqual(["ADDED b@11", "ADDED c@12"]);
  });

  test("the version has expired: a list reports only the missed changes", async () => {
    scene().api.watch.push(
      added(object("gone", 11)),
      added(object("same", 12)),
      added(object("changed", 13)),
    );
    await settle();
    scene().takeChanges();
    scene().api.pages = [
      page([object("same", 12), object("changed", 20), object("new", 21), object("a", 1)], 30),
    ];
    scene().api.watch.push({ type: "ERROR", object: expired });
    await settle();
    expect(scene().takeChanges()).toEqual(["MODIFIED changed@20", "ADDED new@21", "DELETED gone@11"]);
    expect(scene().api.watch.options.resourceVersion).toBe("30");
    expect(await scene().count("operator_missed_deletes_total")).toBe(1);
    expect(await scene().count("operator_relists_total")).toBe(1);
    expect(scene().logged).toEqual([]);
  });

  test("opening a watch fails with 410: a list follows", async () => {
    scene().api.watchError = new ApiError(410, expired);
    scene().api.watch.push(bookmark(11));
    scene().api.watch.end();
    await settle();
    scene().api.watchError = undefined;
    expect(scene().api.lists).toHaveLength(2);
    await scene().clock.advance(second);
    expect(scene().informer.synced()).toBe(true);
  });

  test("every new version has expired: lists with growing backoff", async () => {
    scene().api.watchError = new ApiError(410, expired);
    scene().api.watch.end();
    await scene().clock.advance(60 * second);
    expect(scene().api.lists.length).toBeGreaterThan(5);
    expect(scene().api.lists.length).toBeLessThan(15);
  });

  test("etcd was restored from a backup: a list with lower versions replaces the store", async () => {
    scene().api.pages = [page([object("a", "0")], 5)];
    scene().api.watch.push({ type: "ERROR", object: expired });
    await settle();
    expect(scene().takeChanges()).toEqual(["MODIFIED a@0"]);
    expect(scene().api.watch.options.resourceVersion).toBe("5");
  });

  test("no event for a minute and a half: the watch is aborted, and a list follows", async () => {
    scene().api.pages = [page([object("a", 1)], 50)];
    await scene().clock.advance(60 * second);
    scene().api.watch.push(bookmark(40));
    await scene().clock.advance(60 * second);
    expect(scene().api.watches).toHaveLength(1);
    await scene().clock.advance(31 * second);
    expect(scene().api.watches).toHaveLength(2);
    expect(scene().api.watches[0]?.signal.aborted).toBe(true);
    expect(scene().api.watch.options.resourceVersion).toBe("50");
    expect(scene().logged).toMatchObject([{ level: "warn", error: "no watch event for 90 s" }]);
  });

  test("the server closes a watch at once: the next one waits for a backoff", async () => {
    for (let i = 0; i < 5; i += 1) {
      scene().api.watch.end();
      await settle();
    }
    expect(scene().api.watches).toHaveLength(1);
    await scene().clock.advance(second);
    expect(scene().api.watches).toHaveLength(2);
  });

  test("the watch is forbidden: not synced until a list succeeds", async () => {
    scene().api.watchError = new ApiError(403, { message: "no" });
    scene().api.pages = [new ApiError(403, { message: "no" })];
    scene().api.watch.push(bookmark(12));
    scene().api.watch.end();
    await scene().clock.advance(second);
    expect(scene().informer.synced()).toBe(false);
    scene().api.watchError = undefined;
    scene().api.pages = [page([], 60)];
    await scene().clock.advance(30 * second);
    expect(scene().informer.synced()).toBe(true);
    expect(scene().takeChanges()).toEqual(["DELETED a@1"]);
  });

  test("the server is down: lastActiveMs still advances", async () => {
    scene().api.watchError = reset;
    scene().api.watch.fail(reset);
    await scene().clock.advance(600 * second);
    expect(scene().clock.monotonicMs() - scene().informer.lastActiveMs).toBeLessThan(60 * second);
    expect(scene().informer.synced()).toBe(true);
  });

  test("the response to a write is stored: available at once, and its watch event reports no change", async () => {
    scene().informer.update(object("a", 15));
    expect(scene().takeChanges()).toEqual(["MODIFIED a@15"]);
    scene().api.watch.push(modified(object("a", 12)), modified(object("a", 15)));
    await settle();
    expect(scene().takeChanges()).toEqual([]);
  });

  test("an object was written and deleted before a list: removed without a DELETED event", async () => {
    const list = Promise.withResolvers<void>();
    scene().api.pages = [page([], 110)];
    scene().api.hold = list.promise;
    scene().api.watch.push({ type: "ERROR", object: expired });
    await settle();
    scene().informer.update(object("a", 105));
    scene().informer.update(object("b", 111));
    list.resolve();
    await settle();
    expect(
      scene()
        .informer.store.list()
        .map(({ metadata }) => metadata.name),
    ).toEqual(["b"]);
  });

  test("stop: aborts the watch and leaves no timer", async () => {
    await scene().informer.stop();
    expect(scene().api.watch.signal.aborted).toBe(true);
    expect(scene().clock.pending).toBe(0);
  });
});
