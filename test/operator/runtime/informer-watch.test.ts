import { beforeEach, describe, expect, test } from "@jest/globals";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { added, bookmark, deleted, expired, modified, second, useScene } from "./informer-harness.ts";
import { object, page } from "./scripted-api.ts";

const scene = useScene();

describe("watching", () => {
  beforeEach(async () => {
    scene().api.pages = [page([object("a", 1)], 10)];
    await scene().start();
    scene().told();
  });

  test("tells additions, changes and deletions", async () => {
    scene().api.watch.push(added(object("b", 11)), modified(object("b", 12)), deleted(object("b", 13)));
    await settle();
    expect(scene().told()).toEqual(["ADDED b@11", "MODIFIED b@12", "DELETED b@12"]);
    expect(scene().informer.store.size).toBe(1);
  });

  test("tells duplicates and late events once, and a late event brings nothing back to life", async () => {
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
    expect(scene().told()).toEqual(["ADDED b@11", "MODIFIED b@13", "DELETED b@13"]);
    scene().api.watch.push(added(object("b", 15)));
    await settle();
    expect(scene().told()).toEqual(["ADDED b@15"]);
  });

  test("compares versions as numbers, and others not at all", async () => {
    scene().api.watch.push(added(object("b", 99)), modified(object("b", 100)), modified(object("b", 99)));
    scene().api.watch.push(
      added(object("c", "x2")),
      modified(object("c", "x1")),
      modified(object("c", "x1")),
    );
    await settle();
    expect(scene().told()).toEqual(["ADDED b@99", "MODIFIED b@100", "ADDED c@x2", "MODIFIED c@x1"]);
  });

  test("resumes where it was, bookmarks included, without listing again", async () => {
    scene().api.watch.push(added(object("b", 11)), bookmark(50));
    scene().api.watch.end();
    await settle();
    expect(scene().api.watch.options.resourceVersion).toBe("50");
    expect(scene().api.lists).toHaveLength(1);
    expect(await scene().count("operator_watch_restarts_total")).toBe(1);
  });

  test("resumes after a reset, following a short wait", async () => {
    scene().api.watch.push(added(object("b", 11)));
    scene().api.watch.fail(new Error("reset"));
    await scene().clock.advance(second);
    expect(scene().api.watches).toHaveLength(2);
    expect(scene().api.watch.options.resourceVersion).toBe("11");
    scene().api.watch.push(added(object("c", 12)));
    await settle();
    expect(scene().told()).toEqual(["ADDED b@11", "ADDED c@12"]);
  });

  test("an expired version leads to a list that tells what was missed, and only that", async () => {
    scene().api.watch.push(
      added(object("gone", 11)),
      added(object("same", 12)),
      added(object("changed", 13)),
    );
    await settle();
    scene().told();
    scene().api.pages = [
      page([object("same", 12), object("changed", 20), object("new", 21), object("a", 1)], 30),
    ];
    scene().api.watch.push({ type: "ERROR", object: expired });
    await settle();
    expect(scene().told()).toEqual(["MODIFIED changed@20", "ADDED new@21", "DELETED gone@11"]);
    expect(scene().api.watch.options.resourceVersion).toBe("30");
    expect(await scene().count("operator_missed_deletes_total")).toBe(1);
    expect(await scene().count("operator_relists_total")).toBe(1);
    expect(scene().logged).toEqual([]);
  });

  test("an expired version told by the status code does the same", async () => {
    scene().api.refuseWatch = new ApiError(410, expired);
    scene().api.watch.push(bookmark(11));
    scene().api.watch.end();
    await settle();
    scene().api.refuseWatch = undefined;
    expect(scene().api.lists).toHaveLength(2);
    await scene().clock.advance(second);
    expect(scene().informer.synced()).toBe(true);
  });

  test("a version that keeps expiring is listed with ever longer waits", async () => {
    scene().api.refuseWatch = new ApiError(410, expired);
    scene().api.watch.end();
    await scene().clock.advance(60 * second);
    expect(scene().api.lists.length).toBeGreaterThan(5);
    expect(scene().api.lists.length).toBeLessThan(15);
  });

  test("a list after a restore from a backup counts although its versions are lower", async () => {
    scene().api.pages = [page([object("a", "0")], 5)];
    scene().api.watch.push({ type: "ERROR", object: expired });
    await settle();
    expect(scene().told()).toEqual(["MODIFIED a@0"]);
    expect(scene().api.watch.options.resourceVersion).toBe("5");
  });

  test("a silent stream is given up after a minute and a half and resumed", async () => {
    await scene().clock.advance(60 * second);
    scene().api.watch.push(bookmark(40));
    await scene().clock.advance(60 * second);
    expect(scene().api.watches).toHaveLength(1);
    await scene().clock.advance(31 * second);
    expect(scene().api.watches).toHaveLength(2);
    expect(scene().api.watches[0]?.aborted).toBe(true);
    expect(scene().api.watch.options.resourceVersion).toBe("40");
    expect(scene().logged).toMatchObject([{ level: "warn", error: "the watch was silent for 90 s" }]);
  });

  test("a server that closes at once is not asked again at once", async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      scene().api.watch.end();
      await settle();
    }
    expect(scene().api.watches).toHaveLength(1);
    await scene().clock.advance(second);
    expect(scene().api.watches).toHaveLength(2);
  });

  test("a watch that is denied is not synced until a list succeeds again", async () => {
    scene().api.refuseWatch = new ApiError(403, { message: "no" });
    scene().api.pages = [new ApiError(403, { message: "no" })];
    scene().api.watch.push(bookmark(12));
    scene().api.watch.end();
    await scene().clock.advance(second);
    expect(scene().informer.synced()).toBe(false);
    scene().api.refuseWatch = undefined;
    scene().api.pages = [page([], 60)];
    await scene().clock.advance(30 * second);
    expect(scene().informer.synced()).toBe(true);
    expect(scene().told()).toEqual(["DELETED a@1"]);
  });

  test("shows a sign of life even while the server is away", async () => {
    scene().api.refuseWatch = new Error("ECONNREFUSED");
    scene().api.watch.fail(new Error("reset"));
    await scene().clock.advance(600 * second);
    expect(scene().clock.monotonicMs() - scene().informer.lastActiveMs).toBeLessThan(60 * second);
    expect(scene().informer.synced()).toBe(true);
  });

  test("the answer to a write of ours is there at once, and the watch's word of it is no news", async () => {
    scene().informer.update(object("a", 15));
    expect(scene().told()).toEqual(["MODIFIED a@15"]);
    scene().api.watch.push(modified(object("a", 12)), modified(object("a", 15)));
    await settle();
    expect(scene().told()).toEqual([]);
  });

  test("what was written and deleted again before a list was made is gone, though its end was not told", async () => {
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

  test("stop ends the watch and tells nothing more", async () => {
    await scene().informer.stop();
    expect(scene().api.watch.aborted).toBe(true);
    expect(scene().clock.pending).toBe(0);
  });
});
