import { expect, test } from "@jest/globals";
import { expectTold, tell } from "./run.ts";

test("the GitOps demo tells its story on a cluster of its own, checks all of it, and leaves nothing", async () => {
  const told = await tell("test-demo-gitops", "--gitops");
  await expectTold(told, "test-demo-gitops", [
    /Hand the repository over/,
    /A release is a commit/,
    /by hand/,
    /A bad version in Git/,
    /git revert/,
    /From dev to staging/,
    /leaves Git/,
  ]);
  expect(told.lines.join("\n")).toMatch(/Synced +\S+ +Degraded/);
}, 600_000);
