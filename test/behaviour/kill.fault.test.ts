import { beforeAll, describe, expect, test } from "@jest/globals";
import { selectorOf } from "../../operator/api/names.ts";
import type { Fields } from "../sim/apiserver/json.ts";
import { type LifecycleResult, runLifecycle } from "./lifecycle.ts";
import type { RunningOperator } from "./operator.ts";
import { timeoutMs } from "./scenarios/all.ts";

/**
 * Runs the lifecycle with an operator that is killed at a write, and a second one that then takes over. A kill at a read
 * leaves the API server as the write before the read did.
 */
async function runWithKill(
  strategy: Fields,
  lastWrite = Infinity,
): Promise<LifecycleResult & { readonly writes: number }> {
  let operator: RunningOperator | undefined;
  const result = await runLifecycle({
    strategy,
    start: async (env) => {
      const first = await env.startOperator({ lastWrite });
      operator = first;
      const successor = first.killSwitch.killed.then(() => env.startOperator());
      return async () => {
        await first.kill();
        await successor;
      };
    },
  });
  return { ...result, writes: operator?.killSwitch.writes ?? 0 };
}

/** Runs a task for each item, eight at a time: a run mostly waits. */
async function inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const remaining = items.entries();
  const work = async (): Promise<void> => {
    for (const [i, item] of remaining) results[i] = await task(item);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return results;
}

const strategies: readonly Fields[] = [
  { type: "RollingUpdate" },
  { type: "Canary", canary: { steps: [{ setWeight: 50 }] } },
  { type: "BlueGreen", blueGreen: { holdSeconds: 0 } },
];

describe.each(strategies)("killing the operator, strategy $type", (strategy) => {
  let undisturbed: Awaited<ReturnType<typeof runWithKill>>;
  beforeAll(async () => {
    undisturbed = await runWithKill(strategy);
  }, timeoutMs);

  test("the operator is not killed: all rollouts finish", () => {
    expect(undisturbed).toMatchObject({
      fewestReady: 2,
      outcomeEvents: {
        "RolloutAccepted: Rollout 1 of": 1,
        "RolloutAccepted: Rollout 2 of": 1,
        "RevisionRejected: Rollout 3 of": 1,
        "RolloutAccepted: Rollout 4 of": 1,
      },
      end: {
        phase: "Healthy",
        deployments: ["web"],
        selector: selectorOf("web", "stable"),
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
    "the operator is killed at any write: its successor reaches the same end, and each outcome has one event",
    async () => {
      const writes = Array.from({ length: undisturbed.writes }, (_, i) => i + 1);
      const results = await inParallel(writes, async (write) => ({
        write,
        ...(await runWithKill(strategy, write)),
      }));
      const expected = [undisturbed.end, undisturbed.outcomeEvents];
      const different = results.filter(({ end, fewestReady, outcomeEvents }) => {
        const isSame = JSON.stringify([end, outcomeEvents]) === JSON.stringify(expected);
        return !isSame || fewestReady < 2;
      });
      expect(different).toEqual([]);
    },
    timeoutMs,
  );
});
