import { beforeAll, describe, expect, test } from "@jest/globals";
import { type FakeGround, fakeGround } from "./fake.ts";
import { timeoutMs } from "./suite.ts";
import { ending, fewestReady, tell } from "./lifecycle.ts";
import { World } from "./world.ts";

interface Told {
  readonly calls: number;
  readonly end: object;
  readonly fewest: number;
}

/** Tells the tale with an operator that is killed at a call, and one that takes its place. */
async function told(lastCall?: number): Promise<Told> {
  const ground: FakeGround = await fakeGround();
  const world = await World.on(ground);
  try {
    const fewest = fewestReady(ground, 2);
    const operator = await world.startOperator(lastCall === undefined ? {} : { lastCall });
    const succession = operator.killed.then(() => world.startOperator());
    await tell(world);
    const { calls } = operator;
    const end = await ending(world);
    await operator.kill();
    await succession;
    return { calls, end, fewest: fewest() };
  } finally {
    await world.close();
  }
}

/** Runs tasks, a few at a time. */
async function inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const left = items.entries();
  const work = async (): Promise<void> => {
    for (const [i, item] of left) results[i] = await task(item);
  };
  await Promise.all(Array.from({ length: 6 }, work));
  return results;
}

describe("an operator that is killed", () => {
  let undisturbed: Told;
  beforeAll(async () => {
    undisturbed = await told();
  }, timeoutMs);

  test("would otherwise tell the whole tale", () => {
    expect(undisturbed).toMatchObject({
      fewest: 2,
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
    "at any call of the API leaves what the next one brings to the same end",
    async () => {
      const calls = Array.from({ length: undisturbed.calls }, (_, i) => i + 1);
      const ends = await inParallel(calls, async (call) => ({ call, ...(await told(call)) }));
      const other = ends.filter(({ end, fewest }) => {
        const isSame = JSON.stringify(end) === JSON.stringify(undisturbed.end);
        return !isSame || fewest < 2;
      });
      expect(other).toEqual([]);
    },
    timeoutMs,
  );
});
