import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { pods, second, TestOperator, useWorld } from "./operator-harness.ts";
import { object, page } from "./scripted-api.ts";

const lease = "leases/system/operator";
const world = useWorld();

describe("lifecycle", () => {
  test("reconciles what a cache holds once it is filled, and what changes later", async () => {
    const operator = new TestOperator(world());
    await operator.start();
    expect(operator.ready["cache-pods"]?.()).toBe("not filled");
    await settle();
    expect(operator.ready["cache-pods"]?.()).toBeUndefined();
    expect(operator.reconciled).toEqual(["a", "b"]);
    world().api.watch.push({ type: "MODIFIED", object: object("a", 11) });
    await settle();
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
    expect(await world().metrics.scrape()).toContain(
      'controller_runtime_reconcile_total{controller="test",result="success"} 3',
    );
  });

  test("does no work while a cache can't be filled, and does it when it can", async () => {
    world().api.pages = [new ApiError(404, { message: "no such kind" })];
    const operator = new TestOperator(world());
    await operator.start();
    await world().clock.advance(60 * second);
    expect(operator.reconciled).toEqual([]);
    world().api.pages = [page([object("a", 1)], 10)];
    await world().clock.advance(30 * second);
    expect(operator.reconciled).toEqual(["a"]);
  });

  test("tries a failing key again and counts it", async () => {
    const operator = new TestOperator(world());
    operator.work = (key) => (key === "a" ? Promise.reject(new Error("no")) : Promise.resolve());
    await operator.start();
    await world().clock.advance(250);
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
    expect(await world().metrics.scrape()).toContain(
      'controller_runtime_reconcile_errors_total{controller="test"} 2',
    );
  });

  test("is not live when a watch loop has stopped turning", async () => {
    const operator = new TestOperator(world());
    await operator.start();
    await settle();
    expect(operator.live["watch-pods"]?.()).toBeUndefined();
    world().clock.jump(400 * second);
    expect(operator.live["watch-pods"]?.()).toMatch(/no sign of life for 400 s/);
  });
});

describe("leadership", () => {
  test("only the leader works; the other takes over when the leader stops", async () => {
    const first = new TestOperator(world(), "one");
    await first.start();
    await settle();
    const other = new TestOperator(world(), "two");
    await other.start();
    await world().clock.advance(30 * second);
    expect(first.reconciled).toEqual(["a", "b"]);
    expect(other.reconciled).toEqual([]);
    await first.shutDown();
    await world().clock.advance(3 * second);
    expect(other.reconciled).toEqual(["a", "b"]);
  });

  test("work pauses when the lease is lost and goes on when it is won again", async () => {
    const operator = new TestOperator(world(), "one");
    await operator.start();
    await settle();
    world().objects.fault = () => new Error("ECONNREFUSED");
    await world().clock.advance(11 * second);
    world().api.watch.push({ type: "MODIFIED", object: object("a", 11) });
    await settle();
    expect(operator.reconciled).toEqual(["a", "b"]);
    world().objects.fault = undefined;
    await world().clock.advance(5 * second);
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
  });

  test("no event is written once the lease is lost: the next leader tells what happened", async () => {
    const operator = new TestOperator(world(), "one");
    const events = (): number => world().objects.writes.filter(({ key }) => key.startsWith("events/")).length;
    await operator.start();
    await settle();
    await operator.tell("a");
    expect(events()).toBe(1);
    world().clock.jump(60 * second);
    await operator.tell("b");
    expect(events()).toBe(1);
  });

  test("a process that was stopped for a minute starts no write, and its key is done when it leads again", async () => {
    const operator = new TestOperator(world(), "one");
    let writes = 0;
    operator.work = async (key) => {
      if (key !== "a") return;
      world().clock.jump(writes === 0 && operator.reconciled.length <= 2 ? 60 * second : 0);
      await operator.write();
      writes += 1;
    };
    await world().objects.client.create(pods, object("a", 1));
    await operator.start();
    await settle();
    expect(writes).toBe(0);
    await world().clock.advance(5 * second);
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
    expect(writes).toBe(1);
    expect(await world().metrics.scrape()).not.toContain("controller_runtime_reconcile_errors_total{");
  });
});

describe("stopping", () => {
  test("finishes what runs while still leading, starts nothing more, then releases the lease", async () => {
    const operator = new TestOperator(world(), "one");
    const held = Promise.withResolvers<void>();
    let ledToTheEnd = false;
    operator.work = async () => {
      await held.promise;
      ledToTheEnd = operator.isLeader();
    };
    await operator.start();
    await settle();
    const stopping = operator.shutDown();
    world().api.watch.push({ type: "ADDED", object: object("c", 12) });
    await world().clock.advance(4 * second);
    expect(world().objects.get(lease)?.spec).toMatchObject({ holderIdentity: "one" });
    held.resolve();
    await settle();
    await stopping;
    expect(ledToTheEnd).toBe(true);
    expect(operator.reconciled).toEqual(["a", "b"]);
    expect(world().objects.get(lease)?.spec).toMatchObject({ holderIdentity: "" });
    expect(operator.ready.running?.()).toBe("stopping");
  });

  test("is over within ten seconds even if a reconciliation hangs, and the lease is free", async () => {
    const operator = new TestOperator(world(), "one");
    operator.work = () => new Promise<never>(() => undefined);
    await operator.start();
    await settle();
    let stopped = false;
    operator.stop();
    const stopping = operator.shutDown().then(() => (stopped = true));
    await world().clock.advance(9.9 * second);
    expect(stopped).toBe(true);
    await stopping;
    expect(world().objects.get(lease)?.spec).toMatchObject({ holderIdentity: "" });
  });
});
