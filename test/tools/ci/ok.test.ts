import { expect, test } from "@jest/globals";
import { type Job, objections } from "../../../tools/ci/ok.ts";
import { runScript } from "../../support/script.ts";

const green: Record<string, Job> = {
  changes: { result: "success", outputs: { build: "true" } },
  lint: { result: "success" },
  dependencies: { result: "skipped" },
  test: { result: "success" },
  webapp: { result: "success" },
};
const promotion: Record<string, Job> = {
  ...green,
  changes: { result: "success", outputs: { build: "false" } },
  test: { result: "skipped" },
  webapp: { result: "skipped" },
};

test("ci-ok is green when every job is, but for those that only pull requests have", () => {
  expect(objections(green)).toEqual([]);
});

test("ci-ok is green for a promotion, which builds nothing", () => {
  expect(objections(promotion)).toEqual([]);
});

test.each<[string, Record<string, Job>, string]>([
  ["a job failed", { ...green, test: { result: "failure" } }, "test: failure"],
  ["a job was cancelled", { ...green, webapp: { result: "cancelled" } }, "webapp: cancelled"],
  [
    "a job was left out",
    { ...green, test: { result: "skipped" } },
    "test: skipped, though this change needs it",
  ],
  ["nobody knows what changed", { ...green, changes: { result: "failure" } }, "changes: failure"],
  ["the manifests of a promotion are bad", { ...promotion, lint: { result: "failure" } }, "lint: failure"],
  ["lint was left out", { ...promotion, lint: { result: "skipped" } }, "lint: skipped, though"],
  ["a bad dependency comes in", { ...green, dependencies: { result: "failure" } }, "dependencies: failure"],
])("ci-ok is red when %s", (_, jobs, sentence) => {
  expect(objections(jobs).join("; ")).toContain(sentence);
});

test("ci-ok reads what GitHub knows of the jobs, and ends as they did", async () => {
  const run = (jobs: Record<string, Job>): Promise<string> =>
    runScript("tools/ci/ok.ts", { env: { NEEDS: JSON.stringify(jobs) } });
  expect(await run(green)).toContain("all that this change needs is green");
  await expect(run({ ...green, test: { result: "failure" } })).rejects.toThrow("✗ test: failure");
  await expect(runScript("tools/ci/ok.ts")).rejects.toThrow("NEEDS is needed");
});
