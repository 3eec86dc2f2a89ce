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

/** A handler whose oldest running call ends when a test calls `endOne`. */
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
  test("a key is added twice: it waits once, in FIFO order", async () => {
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

  test("a key is added while its handler runs: handled again, after the waiting keys", async () => {
    const { queue } = setUp();
    const { started, handler, endOne } = gate();
    queue.run(handler);
    queue.add("a");
    queue.add("b");
    queue.add("a");
    queue.add("a");
    for (let i = 0; i < 4; i += 1) {
      endOne();
      await settle();
    }
    expect(started).toEqual(["a", "b", "a"]);
  });

  test("more keys than workers: runs at most concurrency handlers", async () => {
    const { queue } = setUp(3);
    const { started, handler, endOne } = gate();
    queue.run(handler);
    for (const key of "abcdef") queue.add(key);
    expect(started).toEqual(["a", "b", "c"]);
    endOne();
    await settle();
    expect(started).toEqual(["a", "b", "c", "d"]);
  });

  test("a handler fails: the key is retried with backoff, other keys are handled meanwhile", async () => {
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

  test("a handler succeeds: the key's backoff starts again", async () => {
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

  test("a handler throws synchronously: the key is retried", async () => {
    const { queue, errors } = setUp();
    queue.run(() => {
      throw new Error("no");
    });
    queue.add("a");
    await settle();
    expect(errors).toEqual(["a in 100"]);
  });

  test("several delays of a key: the earliest due time wins", async () => {
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

  test("a delayed key is processed early: its delay is cancelled", async () => {
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

  test("a waiting key is added with a delay: the delay is ignored", async () => {
    const { queue, clock } = setUp();
    queue.add("a");
    queue.addAfter("a", 100);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
    expect(queue.depth).toBe(1);
  });

  test("a handler returns requeueAfterMs: the key is handled again after that time", async () => {
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

  test("forget: cancels the key's delay", async () => {
    const { queue, clock } = setUp();
    queue.addAfter("a", 100);
    queue.forget("a");
    await clock.advance(1_000);
    expect(queue.depth).toBe(0);
  });

  test("keys are added while the queue is paused: handled after run", async () => {
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

  test("shutDown: resolves when running handlers have ended, and starts no others", async () => {
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

  test("the queue is paused: its depth metric is 0", async () => {
    const { queue, metrics } = setUp();
    queue.add("a");
    expect(await metrics.scrape()).toContain('workqueue_depth{name="test"} 0');
    queue.run(gate().handler);
    queue.add("b");
    expect(await metrics.scrape()).toContain('workqueue_depth{name="test"} 1');
  });

  test("metrics: depth, waiting time and longest running handler", async () => {
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
