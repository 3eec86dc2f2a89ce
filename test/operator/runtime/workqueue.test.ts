import { describe, expect, test } from "@jest/globals";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { type Handler, WorkQueue } from "../../../operator/runtime/workqueue.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";

const setUp = (concurrency = 1) => {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const errors: string[] = [];
  const queue = new WorkQueue({
    name: "test",
    concurrency,
    backoff: { baseMs: 100, maxMs: 1_000 },
    clock,
    random: () => 0,
    metrics,
    onError: (key, _, retryInMs) => void errors.push(`${key} in ${retryInMs}`),
  });
  return { clock, metrics, queue, errors };
};

/** A handler whose calls end when the test says so. */
const gate = () => {
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const handler: Handler = (key) => {
    started.push(key);
    return new Promise((resolve) => ends.push(() => resolve()));
  };
  return { started, handler, endOne: () => ends.shift()?.() };
};

describe("a queue", () => {
  test("holds a waiting key once, in the order of arrival", async () => {
    const { queue } = setUp();
    for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
    expect(queue.depth).toBe(3);
    const handled: string[] = [];
    queue.run((key) => {
      handled.push(key);
      return Promise.resolve();
    });
    await settle();
    expect(handled).toEqual(["b", "a", "c"]);
  });

  test("handles a key again that was added while its handler ran, and behind those that waited", async () => {
    const { queue } = setUp();
    const { started, handler, endOne } = gate();
    queue.run(handler);
    queue.add("a");
    queue.add("b");
    queue.add("a");
    queue.add("a");
    for (let turn = 0; turn < 4; turn += 1) {
      endOne();
      await settle();
    }
    expect(started).toEqual(["a", "b", "a"]);
  });

  test("runs as many handlers as it may, and no more", async () => {
    const { queue } = setUp(3);
    const { started, handler, endOne } = gate();
    queue.run(handler);
    for (const key of "abcdef") queue.add(key);
    expect(started).toEqual(["a", "b", "c"]);
    endOne();
    await settle();
    expect(started).toEqual(["a", "b", "c", "d"]);
  });

  test("tries a failing key again with growing delays up to the ceiling, and others meanwhile", async () => {
    const { queue, clock, errors } = setUp();
    const handled: string[] = [];
    queue.run((key) => {
      handled.push(`${key}@${clock.monotonicMs()}`);
      return key === "bad" ? Promise.reject(new Error("no")) : Promise.resolve();
    });
    queue.add("bad");
    queue.add("good");
    await clock.advance(3_500);
    expect(handled).toEqual([
      "bad@0",
      "good@0",
      "bad@100",
      "bad@300",
      "bad@700",
      "bad@1500",
      "bad@2500",
      "bad@3500",
    ]);
    expect(errors.slice(0, 3)).toEqual(["bad in 100", "bad in 200", "bad in 400"]);
  });

  test("starts from the shortest delay after a success", async () => {
    const { queue, clock, errors } = setUp();
    let failing = true;
    queue.run(() => (failing ? Promise.reject(new Error("no")) : Promise.resolve()));
    queue.add("a");
    await clock.advance(150);
    failing = false;
    await clock.advance(1_000);
    failing = true;
    queue.add("a");
    await settle();
    expect(errors).toEqual(["a in 100", "a in 200", "a in 100"]);
  });

  test("takes a handler that throws at once like one that rejects", async () => {
    const { queue, errors } = setUp();
    queue.run(() => {
      throw new Error("no");
    });
    queue.add("a");
    await settle();
    expect(errors).toEqual(["a in 100"]);
  });

  test("of several delays of a key the earliest counts", async () => {
    const { queue, clock } = setUp();
    queue.addAfter("a", 500);
    queue.addAfter("a", 200);
    queue.addAfter("a", 900);
    await clock.advance(199);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("has met a wish for later as soon as the key is worked on, whoever asked for that", async () => {
    const { queue, clock } = setUp();
    const handledMs: number[] = [];
    queue.run(() => {
      handledMs.push(clock.monotonicMs());
      return Promise.resolve();
    });
    queue.addAfter("a", 100);
    await clock.advance(40);
    queue.add("a");
    await clock.advance(1_000);
    expect(handledMs).toEqual([40]);
  });

  test("does not plan a key for later that waits already", async () => {
    const { queue, clock } = setUp();
    queue.add("a");
    queue.addAfter("a", 100);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
    expect(queue.depth).toBe(1);
  });

  test("comes back after the time that the handler asked for", async () => {
    const { queue, clock } = setUp();
    const handledMs: number[] = [];
    queue.run(() => {
      handledMs.push(clock.monotonicMs());
      return Promise.resolve(handledMs.length < 3 ? { requeueAfterMs: 1_000 } : {});
    });
    queue.add("a");
    await clock.advance(10_000);
    expect(handledMs).toEqual([0, 1_000, 2_000]);
  });

  test("forgets a key's delay", async () => {
    const { queue, clock } = setUp();
    queue.addAfter("a", 100);
    queue.forget("a");
    await clock.advance(1_000);
    expect(queue.depth).toBe(0);
  });

  test("takes keys in while it is paused and handles them after", async () => {
    const { queue } = setUp();
    const { started, handler } = gate();
    queue.run(handler);
    queue.pause();
    queue.add("a");
    await settle();
    expect(started).toEqual([]);
    queue.run(handler);
    expect(started).toEqual(["a"]);
  });

  test("shuts down when what runs has ended, and starts nothing more", async () => {
    const { queue, clock } = setUp();
    const { started, handler, endOne } = gate();
    queue.run(handler);
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 10);
    let ended = false;
    const ending = queue.shutDown().then(() => (ended = true));
    await clock.advance(100);
    expect(ended).toBe(false);
    endOne();
    await ending;
    queue.add("d");
    await clock.advance(100);
    expect(started).toEqual(["a"]);
    expect(clock.pending).toBe(0);
  });

  test("tells no depth while it is paused: who doesn't lead has no backlog", async () => {
    const { queue, metrics } = setUp();
    queue.add("a");
    expect(await metrics.scrape()).toContain('workqueue_depth{name="test"} 0');
    queue.run(gate().handler);
    queue.add("b");
    expect(await metrics.scrape()).toContain('workqueue_depth{name="test"} 1');
  });

  test("tells its depth, its waits and its longest runner", async () => {
    const { queue, clock, metrics } = setUp();
    const { handler } = gate();
    queue.add("a");
    await clock.advance(2_000);
    queue.run(handler);
    queue.add("b");
    await clock.advance(3_000);
    const text = await metrics.scrape();
    expect(text).toContain('workqueue_depth{name="test"} 1');
    expect(text).toContain('workqueue_adds_total{name="test"} 2');
    expect(text).toContain('workqueue_queue_duration_seconds_sum{name="test"} 2');
    expect(text).toContain('workqueue_longest_running_processor_seconds{name="test"} 3');
    expect(text).toContain('workqueue_unfinished_work_seconds{name="test"} 3');
    expect(text).toContain('controller_runtime_active_workers{controller="test"} 1');
  });
});
