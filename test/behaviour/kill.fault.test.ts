import { beforeAll, describe, expect, test } from "@jest/globals";
import { type LifecycleResult, runLifecycle } from "./lifecycle.ts";
import type { RunningOperator } from "./operator.ts";
import { timeoutMs } from "./scenarios/all.ts";

/** Runs the lifecycle with an operator that is killed at an API call, and a second one that then takes over. */
async function runWithKill(lastCall = Infinity): Promise<LifecycleResult & { readonly calls: number }> {
  let operator: RunningOperator | undefined;
  const result = await runLifecycle({
    start: async (env) => {
      const first = await env.startOperator({ lastCall });
      operator = first;
      const successor = first.killSwitch.killed.then(() => env.startOperator());
      return async () => {
        await first.kill();
        await successor;
      };
    },
  });
  return { ...result, calls: operator?.killSwitch.calls ?? 0 };
}

/** Runs a task for each item, six at a time. */
async function inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const remaining = items.entries();
  const work = async (): Promise<void> => {
    for (const [i, item] of remaining) results[i] = await task(item);
  };
  await Promise.all(Array.from({ length: 6 }, work));
  return results;
}

describe("killing the operator", () => {
  let undisturbed: Awaited<ReturnType<typeof runWithKill>>;
  beforeAll(async () => {
    undisturbed = await runWithKill();
  }, timeoutMs);

  test("the operator is not killed: all rollouts finish", () => {
    expect(undisturbed).toMatchObject({
      fewestReady: 2,
      end: {
        phase: "Healthy",
        rollouts: [
          "4 registry.local/web:4 Accepted",
          "3 registry.local/web:3-crash Rejected",
          "2 registry.local/web:2 Accepted",
          "1 registry.local/web:1 Accepted",
        ],
      },
    });
  });

  test(
    "the operator is killed at any API call: its successor reaches the same end",
    async () => {
      const calls = Array.from({ length: undisturbed.calls }, (_, i) => i + 1);
      const results = await inParallel(calls, async (call) => ({ call, ...(await runWithKill(call)) }));
      const different = results.filter(({ end, fewestReady }) => {
        const isSame = JSON.stringify(end) === JSON.stringify(undisturbed.end);
        return !isSame || fewestReady < 2;
      });
      expect(different).toEqual([]);
    },
    timeoutMs,
  );
});
