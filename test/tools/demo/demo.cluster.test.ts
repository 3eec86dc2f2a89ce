import { expect, test } from "@jest/globals";
import { expectSteps, runDemo } from "./run.ts";

test("npm run demo: runs all steps on a cluster of its own and removes the cluster", async () => {
  const run = await runDemo("test-demo");
  await expectSteps(run, "test-demo", [
    /One short YAML file/,
    /Send requests/,
    /A new version/,
    /by hand/,
    /A broken version is rejected and rolled back/,
    /git revert/,
  ]);
  const text = run.lines.join("\n");
  expect(text).toContain('{"message":"Hello from SRE Demo App!","version":"1.0.0"}');
  expect(text).toMatch(/sre-demo-app +Degraded +2\/2 +\S*webapp:1\.2\.0/);
});
