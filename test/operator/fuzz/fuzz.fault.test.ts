import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { check } from "./checks.ts";
import { run } from "./pipeline.ts";
import { Statistics } from "./statistics.ts";
import { type World, world } from "./world.ts";

/** By default the same cases in every run: a rare one must not fail a change that has nothing to do with it. */
const { FUZZ_SEED = "1", FUZZ_RUNS = "10000" } = process.env;

/** The longest time of a case, ms. Nearly all cases take less than 5. */
const maxMs = 1000;
/** A case is slow if each of so many runs is: one slow run can come from a busy machine. */
const maxAttempts = 5;

async function timed(given: World) {
  for (let attempt = 1; ; attempt += 1) {
    const startMs = performance.now();
    const outputs = await run(given);
    const tookMs = performance.now() - startMs;
    if (tookMs <= maxMs) return outputs;
    if (attempt === maxAttempts) throw new Error(`a case takes ${Math.round(tookMs)} ms`);
  }
}

/** The least share of the cases that reach a state, in percent. Otherwise the fuzzer would test nothing of it. */
const least = {
  "a valid spec": 75,
  "an owned Deployment": 60,
  "a stable revision": 40,
  "a candidate": 30,
  "a rollout that starts or ends": 10,
  "a new rejection": 0.2,
  "a new acceptance": 0.2,
  "a change by others": 2,
  "a take-over": 0.2,
  "a deleted revision": 2,
  "no write": 20,
  "an ignored revision": 10,
  "a blocker": 50,
  "a blocker of a pod": 15,
  "a refused write": 10,
  "a Warning": 40,
  Installing: 10,
  Progressing: 10,
  Degraded: 15,
  RollingBack: 5,
  Healthy: 0.5,
  Suspended: 5,
};

test("hostile documents and objects: nothing throws or blocks, and every output is well-formed", async () => {
  const statistics = new Statistics();
  await fc.assert(
    fc.asyncProperty(world, async (given) => {
      const outputs = await timed(given);
      statistics.count(outputs);
      check(outputs, given);
    }),
    { seed: Number(FUZZ_SEED), numRuns: Number(FUZZ_RUNS) },
  );
  const { shares } = statistics;
  const rare = Object.entries(least).filter(([state, share]) => (shares[state] ?? 0) < share);
  expect([rare, shares]).toEqual([[], shares]);
}, 600_000);
