// `npm test [-- static unit fault pipeline docker api cluster e2e gitops]`: runs every tier in order, or the named ones, with the
// clusters that they need. The last line has the total counts; a static check counts as one test.
import { appendFileSync } from "node:fs";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { consoleProgress } from "./cluster/progress.ts";
import { prepareTier, removeTestClusters, startsClusters } from "./testclusters.ts";
import { type Outcome, type Part, jestTier, lineOf, statics, sum, tiers } from "./verification.ts";

const progress = consoleProgress();

/** A failure outside the tests; counts as one failed test. */
const failure = (name: string, error: unknown): Outcome => ({
  name,
  passed: 0,
  failed: 1,
  durationMs: 0,
  output: error instanceof Error ? error.message : String(error),
});

/** Adds a failed clean-up to an outcome. */
const withFailure = (outcome: Outcome, error: unknown): Outcome => {
  const { output } = failure("clean-up", error);
  return { ...outcome, failed: outcome.failed + 1, output: `${outcome.output}\nclean-up: ${output}` };
};

/**
 * Prepares a tier before its tests, and removes the tier's clusters after them, also after a failure or a signal:
 * a cluster that nobody uses takes processor time from the tests of the next tier.
 */
const withClusters = (part: Part): Part => ({
  name: part.name,
  run: async (signal) => {
    const outcome = await prepareTier(part.name, progress).then(
      () => part.run(signal),
      (error: unknown) => failure(part.name, error),
    );
    if (!startsClusters(part.name)) return outcome;
    return removeTestClusters(progress).then(
      () => outcome,
      (error: unknown) => withFailure(outcome, error),
    );
  },
});

const all: Readonly<Record<string, readonly Part[]>> = {
  static: statics,
  ...Object.fromEntries(tiers.map((tier) => [tier, [withClusters(jestTier(tier, true))]])),
};

const { positionals } = parseArgs({ allowPositionals: true });

function chosen(): readonly string[] {
  const unknown = positionals.filter((name) => !(name in all));
  if (unknown.length > 0) {
    console.error(`unknown tier: ${unknown.join(", ")}. Use one of: ${Object.keys(all).join(", ")}`);
    process.exit(2);
  }
  return positionals.length > 0 ? positionals : Object.keys(all);
}

async function runInOrder(parts: readonly Part[], signal: AbortSignal): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const part of parts) {
    if (signal.aborted) break;
    outcomes.push(show(await part.run(signal)));
  }
  return outcomes;
}

function show(outcome: Outcome): Outcome {
  console.error(lineOf(outcome));
  if (outcome.failed > 0 && outcome.output !== "") console.error(outcome.output.trimEnd());
  return outcome;
}

/** Adds the lines to the summary of a GitHub Actions job. */
function writeSummary(lines: readonly string[]): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file !== undefined) appendFileSync(file, ["```", ...lines, "```", ""].join("\n"));
}

/** Runs the parts. After a signal, it exits with the signal's exit code once the running part has cleaned up. */
async function main(): Promise<void> {
  const parts = chosen().flatMap((name) => all[name] ?? []);
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      process.exitCode = 128 + constants.signals[name];
      stop.abort();
    });
  const outcomes = await runInOrder(parts, stop.signal);
  const lines = outcomes.map(lineOf);
  // Once more at the end: a log of this length is often cut in the middle.
  const failures = outcomes.flatMap((outcome) => outcome.failures ?? []);
  console.log([...failures.flatMap((failure) => ["", failure]), "", "summary", ...lines].join("\n"));
  writeSummary(lines);
  const failed = sum(outcomes, "failed");
  if (failed > 0) process.exitCode ??= 1;
  console.log(`${sum(outcomes, "passed")} passed, ${failed} failed`);
}

await main();
