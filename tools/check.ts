// `npm run check`: runs the static checks and the unit tests in parallel, in under a minute. Prints the output of failures.
import { type Outcome, jestTier, lineOf, statics, sum } from "./verification.ts";

const never = new AbortController().signal;

function show(outcome: Outcome): Outcome {
  console.log(lineOf(outcome));
  if (outcome.failed > 0) console.log(outcome.output.trimEnd());
  return outcome;
}

const startedMs = performance.now();
const parts = [...statics, jestTier("unit", false)];
const outcomes = await Promise.all(parts.map(async (part) => show(await part.run(never))));
const failed = sum(outcomes, "failed");
console.log(
  `check: ${failed === 0 ? "ok" : `${failed} failed`} in ${((performance.now() - startedMs) / 1000).toFixed(1)}s`,
);
process.exitCode = failed === 0 ? 0 : 1;
