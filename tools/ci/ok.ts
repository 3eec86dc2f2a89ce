// `node tools/ci/ok.ts`: the one required check. NEEDS is the `needs` context of the job, as JSON.
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";

/** A job in the `needs` context. */
export interface Job {
  readonly result: "success" | "failure" | "cancelled" | "skipped";
  readonly outputs?: Readonly<Record<string, string>>;
}

/**
 * Whether a job may be skipped, or the output of `changes` that is "false" if the job may be skipped. Every other job
 * builds something. `dependencies` reviews pull requests only, and only if the repository has a dependency graph.
 */
const skippable: Readonly<Record<string, boolean | "test">> = {
  changes: false,
  lint: false,
  dependencies: true,
  test: "test",
};

/** The reasons why the change must not be merged. Empty if it may be merged. */
export function problems(jobs: Readonly<Record<string, Job>>): readonly string[] {
  const outputs = jobs.changes?.outputs ?? {};
  return Object.entries(jobs).flatMap(([name, { result }]) => {
    if (result === "success") return [];
    if (result !== "skipped") return [`${name}: ${result}`];
    const rule = skippable[name] ?? "build";
    const maySkip = typeof rule === "boolean" ? rule : outputs[rule] === "false";
    // A job is also skipped if a job that it needs has failed. Then both are reported.
    return maySkip ? [] : [`${name}: skipped, but this change requires the job`];
  });
}

if (import.meta.main)
  await script(() => {
    const jobs = JSON.parse(requiredEnv("NEEDS")) as Record<string, Job>;
    const found = problems(jobs);
    for (const [name, { result }] of Object.entries(jobs)) console.log(`  ${name.padEnd(14)} ${result}`);
    if (found.length > 0) throw new Error(found.join("; "));
    console.log("  ✓ every job that this change requires has succeeded");
  });
