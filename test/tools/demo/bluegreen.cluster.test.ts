import { expect, test } from "@jest/globals";
import { expectSteps, runDemo } from "./run.ts";

test("npm run demo -- --blue-green: runs all steps on a cluster of its own and removes the cluster", async () => {
  const run = await runDemo("test-demo-bluegreen", "--blue-green");
  await expectSteps(run, "test-demo-bluegreen", [
    /The strategy is a part of the YAML file/,
    /preview, promotion, all traffic at once, and back/,
    /The same version again, to the end/,
    /A broken version gets no traffic/,
    /git revert/,
  ]);
  const text = run.lines.join("\n");
  expect(text).toMatch(/sre-demo-app-preview +ClusterIP .*demoapp\.dev\/track=candidate/);
  expect(text).toMatch(/1\.1\.0 sent its last response \d+ ms after the command/);
}, 600_000);
