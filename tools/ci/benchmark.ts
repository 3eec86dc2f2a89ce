// `node tools/ci/benchmark.ts`: adds the results of the benchmark to the job's summary, beside the results of main.
// Reads artifacts/bench.json (a pull request) and artifacts/bench-main.json (main), of which one may be missing.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Report, targetsOf } from "../bench/report.ts";
import { readJson, summarize } from "./outputs.ts";
import { script } from "../script.ts";

function comparison(here: number, main: number | undefined): readonly string[] {
  if (main === undefined) return ["", ""];
  const change = main === 0 ? "" : `${((here / main - 1) * 100).toFixed(0)} %`;
  return [main.toFixed(2), change.startsWith("-") || change === "" ? change : `+${change}`];
}

/** The results as a Markdown table. Without results of main, the table has no columns for them. */
export function benchmarkTable(bench: Report, main: Report | undefined): string {
  const mains = main && new Map(targetsOf(main).map(([name, value]) => [name, value]));
  const rows = targetsOf(bench).map(([name, here]) => [
    name,
    here.toFixed(2),
    ...(mains === undefined ? [] : comparison(here, mains.get(name))),
  ]);
  const head = ["Benchmark", "here", ...(mains === undefined ? [] : ["main", "change"])];
  const lines = [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...rows];
  const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `${table}\n\n_One run each, on shared machines: differences of a few percent are noise._`;
}

if (import.meta.main)
  await script(() => {
    const read = (name: string): Report | undefined => {
      const file = join(process.cwd(), "artifacts", name);
      return existsSync(file) ? (readJson(file) as Report) : undefined;
    };
    const [own, main] = [read("bench.json"), read("bench-main.json")];
    // A run of main measures the results that other runs are compared with.
    const bench = own ?? main;
    if (bench === undefined) throw new Error("artifacts/ has no results of a benchmark");
    summarize(benchmarkTable(bench, own && main));
  });
