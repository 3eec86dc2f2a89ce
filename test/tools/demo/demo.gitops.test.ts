import { expect, test } from "@jest/globals";
import { expectSteps, runDemo } from "./run.ts";

test("npm run demo -- --gitops: runs all steps on a cluster of its own and removes the cluster", async () => {
  const run = await runDemo("test-demo-gitops", "--gitops");
  await expectSteps(run, "test-demo-gitops", [
    /Hand the repository over/,
    /A release is a commit/,
    /by hand/,
    /A bad version in Git/,
    /git revert/,
    /From dev to staging/,
    /removed from Git/,
  ]);
  expect(run.lines.join("\n")).toMatch(/Synced +\S+ +Degraded/);
}, 600_000);
