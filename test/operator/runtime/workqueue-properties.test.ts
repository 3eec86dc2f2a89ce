import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { type Handler, WorkQueue } from "../../../operator/runtime/workqueue.ts";
import { VirtualClock } from "../../sim/clock.ts";

const setUp = (concurrency: number) => {
  const clock = new VirtualClock();
  const backoff = { baseMs: 100, maxMs: 1_000 };
  const shared = { clock, random: () => 0, metrics: createMetrics(), onError: () => undefined };
  const blocked = new Set<string>();
  const isBlocked = (namespace: string): boolean => blocked.has(namespace);
  return {
    clock,
    blocked,
    queue: new WorkQueue({ name: "test", concurrency, backoff, isBlocked, ...shared }),
  };
};

test("random steps: one handler per key, no namespace has all workers, blocked keys wait, and each last addition is handled", async () => {
  const key = fc.constantFrom("a", "x/b", "x/c", "x/d", "y/e");
  const lane = fc.constantFrom("change" as const, "resync" as const);
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), key, lane }),
    fc.record({ do: fc.constant("addAfter" as const), key, lane, ms: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 200 }) }),
    fc.record({ do: fc.constant("pause" as const) }),
    fc.record({ do: fc.constant("resume" as const) }),
    fc.record({ do: fc.constant("block" as const) }),
    fc.record({ do: fc.constant("unblock" as const) }),
  );
  const outcomes = fc.infiniteStream(
    fc.record({ ms: fc.integer({ min: 0, max: 100 }), fails: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.integer({ min: 1, max: 5 }),
      outcomes,
      async (steps, concurrency, outcome) => {
        const { queue, clock, blocked } = setUp(concurrency);
        const running = new Set<string>();
        const addedAfterLastStart = new Set<string>();
        let peak = 0;
        let calm = false;
        const handler: Handler = async (current) => {
          expect(running.has(current)).toBe(false);
          expect(current.startsWith("x/") && blocked.has("x")).toBe(false);
          running.add(current);
          const ofX = [...running].filter((key) => key.startsWith("x/")).length;
          expect(ofX).toBeLessThanOrEqual(Math.max(1, concurrency - 1));
          addedAfterLastStart.delete(current);
          peak = Math.max(peak, running.size);
          const { ms, fails } = outcome.next().value;
          await new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
          running.delete(current);
          if (fails && !calm) throw new Error("no");
        };
        queue.run(handler);
        for (const item of steps) {
          if (item.do === "add" || item.do === "addAfter") {
            addedAfterLastStart.add(item.key);
            if (item.do === "add") queue.add(item.key, item.lane);
            else queue.addAfter(item.key, item.ms, item.lane);
          } else if (item.do === "advance") await clock.advance(item.ms);
          else if (item.do === "pause") queue.pause();
          else if (item.do === "block") blocked.add("x");
          else if (item.do === "unblock") {
            blocked.delete("x");
            queue.wake();
          } else queue.run(handler);
        }
        calm = true;
        blocked.clear();
        queue.run(handler);
        await clock.advance(5_000);
        expect([...addedAfterLastStart]).toEqual([]);
        expect(peak).toBeLessThanOrEqual(concurrency);
        expect(queue.depth).toBe(0);
        expect(clock.pending).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});
