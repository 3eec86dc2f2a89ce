import { expect, test } from "@jest/globals";
import { type Job, problems } from "../../../tools/ci/ok.ts";
import { runScript } from "../../support/script.ts";

const green: Record<string, Job> = {
  changes: { result: "success", outputs: { test: "true", build: "true" } },
  lint: { result: "success" },
  dependencies: { result: "skipped" },
  test: { result: "success" },
  webapp: { result: "success" },
};
const promotion: Record<string, Job> = {
  ...green,
  changes: { result: "success", outputs: { test: "false", build: "false" } },
  test: { result: "skipped" },
  webapp: { result: "skipped" },
};

test("every job has succeeded, except one for pull requests only: ci-ok is green", () => {
  expect(problems(green)).toEqual([]);
});

test("a promotion, which builds nothing: ci-ok is green", () => {
  expect(problems(promotion)).toEqual([]);
});

test("a change of the documentation, which builds nothing: ci-ok is green, and requires the unit tests", () => {
  const outputs = { test: "true", build: "false" };
  const jobs: Record<string, Job> = { ...promotion, changes: { result: "success", outputs } };
  expect(problems({ ...jobs, test: { result: "success" } })).toEqual([]);
  expect(problems(jobs)).toEqual(["test: skipped, but this change requires the job"]);
});

test.each<[string, Record<string, Job>, string]>([
  ["a job fails", { ...green, test: { result: "failure" } }, "test: failure"],
  ["a job is cancelled", { ...green, webapp: { result: "cancelled" } }, "webapp: cancelled"],
  [
    "a required job is skipped",
    { ...green, test: { result: "skipped" } },
    "test: skipped, but this change requires the job",
  ],
  ["the job that compares commits failed", { ...green, changes: { result: "failure" } }, "changes: failure"],
  ["lint fails for a promotion", { ...promotion, lint: { result: "failure" } }, "lint: failure"],
  ["lint is skipped", { ...promotion, lint: { result: "skipped" } }, "lint: skipped, but"],
  [
    "the review of new dependencies fails",
    { ...green, dependencies: { result: "failure" } },
    "dependencies: failure",
  ],
])("%s: ci-ok is red", (_, jobs, sentence) => {
  expect(problems(jobs).join("; ")).toContain(sentence);
});

test("ok.ts: reads the needs context, and fails if a job failed or if the context is missing", async () => {
  const run = (jobs: Record<string, Job>): Promise<string> =>
    runScript("tools/ci/ok.ts", { env: { NEEDS: JSON.stringify(jobs) } });
  expect(await run(green)).toContain("every job that this change requires has succeeded");
  await expect(run({ ...green, test: { result: "failure" } })).rejects.toThrow("✗ test: failure");
  await expect(runScript("tools/ci/ok.ts")).rejects.toThrow("NEEDS is required");
});
