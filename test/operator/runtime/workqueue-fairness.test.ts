import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { type Handler, WorkQueue, type WorkQueueOptions } from "../../../operator/runtime/workqueue.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";

const second = 1000;
const setUp = (options: Partial<WorkQueueOptions> = {}) => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({
    name: "test",
    concurrency: 20,
    backoff: { baseMs: 200, maxMs: 120 * second },
    clock,
    random: () => 0,
    metrics: createMetrics(),
    onError: () => undefined,
    ...options,
  });
  const started: string[] = [];
  /** Handles each key in the given time. */
  const run = (durationMs: (key: string) => number): void => {
    const handler: Handler = (key) => {
      started.push(key);
      return new Promise((resolve) => clock.setTimeout(() => resolve(), durationMs(key)));
    };
    queue.run(handler);
  };
  const addAll = (namespace: string, count: number): void => {
    for (let i = 0; i < count; i += 1) queue.add(`${namespace}/${i}`);
  };
  const startedOf = (namespace: string): number =>
    started.filter((key) => key.startsWith(`${namespace}/`)).length;
  return { clock, queue, started, run, addAll, startedOf };
};

describe("namespaces", () => {
  test("200 keys of one namespace hang for 30 s each: a key of another namespace starts at once", async () => {
    const { queue, started, run, addAll, startedOf } = setUp();
    run((key) => (key.startsWith("bad/") ? 30 * second : 0));
    addAll("bad", 200);
    await settle();
    expect(startedOf("bad")).toBe(15);
    queue.add("good/a");
    expect(started.at(-1)).toBe("good/a");
  });

  test("three namespaces wait: none has more than a quarter of the workers", async () => {
    const { queue, run, addAll, startedOf } = setUp();
    for (const namespace of ["a", "b", "c"]) addAll(namespace, 50);
    run(() => 30 * second);
    await settle();
    expect(["a", "b", "c"].map(startedOf)).toEqual([5, 5, 5]);
    queue.add("d/1");
    expect(startedOf("d")).toBe(1);
  });

  test("two namespaces wait: they share all workers but the quarter that is reserved for others", async () => {
    const { queue, run, addAll, startedOf } = setUp();
    for (const namespace of ["a", "b"]) addAll(namespace, 50);
    run(() => 30 * second);
    await settle();
    expect(startedOf("a") + startedOf("b")).toBe(15);
    queue.add("c/1");
    expect(startedOf("c")).toBe(1);
  });

  test("namespaces with many and few keys: they take turns", async () => {
    const { clock, started, run, addAll } = setUp({ concurrency: 1 });
    addAll("many", 3);
    addAll("few", 1);
    run(() => 1);
    await clock.advance(10);
    expect(started).toEqual(["many/0", "few/0", "many/1", "many/2"]);
  });

  test("a namespace is blocked: its keys wait, those of other namespaces don't, and wake starts them", async () => {
    const blocked = new Set(["bad"]);
    const { queue, started, run } = setUp({ isBlocked: (namespace) => blocked.has(namespace) });
    run(() => 0);
    queue.add("bad/a");
    queue.add("good/a");
    await settle();
    expect(started).toEqual(["good/a"]);
    blocked.clear();
    queue.wake();
    expect(started).toEqual(["good/a", "bad/a"]);
  });
});

describe("lanes", () => {
  test("an edit after a failover: it does not wait behind the apps of the first list", async () => {
    const { clock, queue, started, run } = setUp({ concurrency: 1 });
    for (let i = 0; i < 100; i += 1) queue.add(`shop/${i}`, i % 2 === 0 ? "resync" : "change");
    run(() => 100);
    queue.add("shop/edited");
    await clock.advance(100);
    expect(started[1]).toBe("shop/edited");
  });

  test("changes keep coming: every fourth key is a resync", async () => {
    const { clock, queue, started, run } = setUp({ concurrency: 1 });
    for (let i = 0; i < 20; i += 1) queue.add(`shop/resync-${i}`, "resync");
    run(() => 100);
    for (let i = 0; i < 20; i += 1) queue.add(`shop/change-${i}`);
    await clock.advance(1_200);
    const resyncs = started.slice(1).filter((key) => key.startsWith("shop/resync")).length;
    expect(resyncs).toBe(3);
  });

  test("a key waits as a resync and then changes, also with a batching delay: it moves to the changes", async () => {
    const { clock, queue, started, run } = setUp({ concurrency: 1 });
    run(() => 1);
    queue.add("shop/first");
    queue.add("shop/a", "resync");
    queue.add("shop/b", "resync");
    queue.addAfter("shop/b", 100);
    await clock.advance(10);
    expect(started).toEqual(["shop/first", "shop/b", "shop/a"]);
  });
});

test("the API server asks to retry after a minute: the key waits that long, and no longer than five", async () => {
  const { clock, queue } = setUp();
  const triesMs: number[] = [];
  let askedMs = 60 * second;
  queue.run(() => {
    triesMs.push(clock.monotonicMs());
    return Promise.reject(new ApiError(429, { message: "too many" }, askedMs));
  });
  queue.add("shop/a");
  await clock.advance(59 * second);
  expect(triesMs).toEqual([0]);
  askedMs = 3600 * second;
  await clock.advance(second);
  await clock.advance(300 * second);
  expect(triesMs).toEqual([0, 60 * second, 360 * second]);
  await queue.shutDown();
});
