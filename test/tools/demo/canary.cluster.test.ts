import { expect, test } from "@jest/globals";
import { expectSteps, runDemo } from "./run.ts";

test("npm run demo -- --canary: runs all steps on a cluster of its own and removes the cluster", async () => {
  const run = await runDemo("test-demo-canary", "--canary");
  await expectSteps(run, "test-demo-canary", [
    /The strategy is a part of the YAML file/,
    /A new version: a quarter of the pods, half/,
    /A version that fails requests is found by its counters/,
    /A broken version is rejected and removed/,
    /git revert/,
  ]);
  const text = run.lines.join("\n");
  expect(text).toMatch(/sre-demo-app +Paused +4\/3 +4\/4 +50% +\S*webapp:1\.1\.0/);
  expect(text).toMatch(/sre-demo-app +Degraded +3\/3 +\S*webapp:1\.2\.0/);
}, 600_000);
