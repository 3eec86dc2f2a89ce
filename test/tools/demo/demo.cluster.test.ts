import { expect, test } from "@jest/globals";
import { expectTold, tell } from "./run.ts";

test("the demo: runs all scenes on its own cluster, and removes it", async () => {
  const told = await tell("test-demo");
  await expectTold(told, "test-demo", [
    /One short YAML file/,
    /Talk to it/,
    /A new version/,
    /by hand/,
    /A broken version does not get through/,
    /git revert/,
  ]);
  const text = told.lines.join("\n");
  expect(text).toContain('{"message":"Hello from SRE Demo App!","version":"1.0.0"}');
  expect(text).toMatch(/sre-demo-app +Degraded +2\/2 +\S*webapp:1\.2\.0/);
});
