// `node tools/ci/ok.ts`: the one required check. NEEDS is what GitHub knows of the jobs before it, as JSON.
import { given, script } from "./outputs.ts";

/** What GitHub says of a job that this one needs. */
export interface Job {
  readonly result: "success" | "failure" | "cancelled" | "skipped";
  readonly outputs?: Readonly<Record<string, string>>;
}

/** Jobs that run for every change. */
const always: ReadonlySet<string> = new Set(["changes", "lint"]);
/** Jobs that only some events have: new dependencies are reviewed in pull requests. */
const sometimes: ReadonlySet<string> = new Set(["dependencies"]);

/** Why the change may not be merged, as sentences; none if it may. */
export function objections(jobs: Readonly<Record<string, Job>>): readonly string[] {
  const built = jobs.changes?.outputs?.build !== "false";
  return Object.entries(jobs).flatMap(([name, { result }]) => {
    if (result === "success") return [];
    if (result !== "skipped") return [`${name}: ${result}`];
    if (sometimes.has(name)) return [];
    // A job is also skipped when one before it failed, which is told there.
    return built || always.has(name) ? [`${name}: skipped, though this change needs it`] : [];
  });
}

if (import.meta.main)
  await script(() => {
    const jobs = JSON.parse(given("NEEDS")) as Record<string, Job>;
    const found = objections(jobs);
    for (const [name, { result }] of Object.entries(jobs)) console.log(`  ${name.padEnd(14)} ${result}`);
    if (found.length > 0) throw new Error(found.join("; "));
    console.log("  ✓ all that this change needs is green");
  });
