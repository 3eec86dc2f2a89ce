import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "../../../tools/bench/report.ts";
import { benchmarkTable } from "../../../tools/ci/benchmark.ts";
import { runScript } from "../../support/script.ts";

const speed = { allReadyMs: 125_000, allChangedMs: 40_000, p50Ms: 400, p99Ms: 900 };
const report = (cpuMsPerChange: number): Report => ({
  rounds: [
    {
      apps: 500,
      changes: 150,
      perSecond: 4,
      bare: speed,
      operated: speed,
      operator: {
        cpuMsPerApp: 1,
        writesPerApp: 1,
        cpuMsPerChange,
        requestsPerChange: 9,
        writesPerChange: 5,
        byKind: {},
        peakRssMiB: 90,
      },
    },
  ],
  quiet: { seconds: 60, cpuMs: 100, writes: {} },
  restart: { readyMs: 900, readyCpuMs: 1, settledCpuMs: 1, peakRssMiB: 90, writes: {} },
});

test.each([
  [22, "| operator CPU per change, ms | 22.00 | 20.00 | +10 % |"],
  [18, "| operator CPU per change, ms | 18.00 | 20.00 | -10 % |"],
  [20, "| operator CPU per change, ms | 20.00 | 20.00 | +0 % |"],
])("a benchmark beside the one of main, %d ms: the table has both, and the change", (here, row) => {
  expect(benchmarkTable(report(here), report(20))).toContain(row);
});

describe("benchmark.ts", () => {
  let tree: string;
  const write = (name: string, value: Report): void =>
    writeFileSync(join(tree, "artifacts", name), JSON.stringify(value));
  const summary = async (): Promise<string> => {
    const page = join(tree, "summary.md");
    rmSync(page, { force: true });
    await runScript("tools/ci/benchmark.ts", { cwd: tree, env: { GITHUB_STEP_SUMMARY: page } });
    return readFileSync(page, "utf8");
  };

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "benchmark-"));
    mkdirSync(join(tree, "artifacts"));
  });
  afterEach(() => rmSync(tree, { recursive: true }));

  test("a pull request with results of main: the summary compares both", async () => {
    write("bench.json", report(22));
    write("bench-main.json", report(20));
    expect(await summary()).toContain("| Benchmark | here | main | change |\n");
  });

  test.each(["bench.json", "bench-main.json"])("only %s: the summary has no comparison", async (name) => {
    write(name, report(22));
    expect(await summary()).toContain("| Benchmark | here |\n| --- | ---: |\n");
    expect(await summary()).toContain("| operator CPU per change, ms | 22.00 |\n");
  });

  test("no results: the script fails", async () => {
    await expect(summary()).rejects.toThrow("no results of a benchmark");
  });
});
