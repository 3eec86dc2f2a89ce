// `node tools/ci/ok.ts`: the one required check. NEEDS is the `needs` context of the job, as JSON.
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";

/** A job in the `needs` context. */
export interface Job {
  readonly result: "success" | "failure" | "cancelled" | "skipped";
  readonly outputs?: Readonly<Record<string, string>>;
}

/** Jobs that run for every change. */
const always: ReadonlySet<string> = new Set(["changes", "lint"]);
/** Jobs that are skipped for some events: `dependencies` reviews pull requests only. */
const optional: ReadonlySet<string> = new Set(["dependencies"]);

/** The reasons why the change must not be merged. Empty if it may be merged. */
export function problems(jobs: Readonly<Record<string, Job>>): readonly string[] {
  const built = jobs.changes?.outputs?.build !== "false";
  return Object.entries(jobs).flatMap(([name, { result }]) => {
    if (result === "success") return [];
    if (result !== "skipped") return [`${name}: ${result}`];
    if (optional.has(name)) return [];
    // A job is also skipped if a job that it needs has failed. Then both are reported.
    return built || always.has(name) ? [`${name}: skipped, but this change requires the job`] : [];
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
