import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { statusOf } from "../../../tools/ci/status.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const run = { repository: "acme/demoapp-operator", commit: "c0ffee", url: "https://github.test/runs/7" };
const env = {
  GITHUB_REPOSITORY: "acme/demoapp-operator",
  GITHUB_SERVER_URL: "https://github.test",
  GITHUB_RUN_ID: "7",
  GITHUB_SHA: "c0ffee",
};

let programs: StubPrograms;
beforeEach(() => {
  programs = new StubPrograms({ gh: "exit 0" });
});
afterEach(() => programs.remove());

test("a successful job: the commit gets the status ci-ok with the URL of the run", async () => {
  await runScript("tools/ci/status.ts", { env: { ...env, RESULT: "success" } });
  const [call = "", ...others] = programs.calls();
  expect(others).toEqual([]);
  expect(call).toMatch(/^gh api .*--method POST repos\/acme\/demoapp-operator\/statuses\/c0ffee /);
  for (const field of [
    "state=success",
    "context=ci-ok",
    "https://github.test/acme/demoapp-operator/actions/runs/7",
  ])
    expect(call).toContain(field);
});

test.each(["failure", "cancelled", "skipped", ""])("result %j: the status is a failure", (result) => {
  expect(statusOf(run, result)).toContain("state=failure");
});

test("no result: no status is set", async () => {
  await expect(runScript("tools/ci/status.ts", { env })).rejects.toThrow("RESULT is required");
  expect(programs.calls()).toEqual([]);
});
