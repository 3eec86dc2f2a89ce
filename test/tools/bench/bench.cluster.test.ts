import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { command } from "../../../tools/cluster/command.ts";
import { silent } from "../../../tools/cluster/progress.ts";
import { clusterFor } from "../../../tools/cluster/provider.ts";
import type { Report, StrategyReport } from "../../../tools/bench/report.ts";

const name = "bench-quick";

const main = join(import.meta.dirname, "../../../tools/bench/main.ts");
const bench = (...args: readonly string[]): Promise<string> =>
  command([process.execPath, main, ...args, "--name", name]);

test.each([
  [["--apps", "0"], "whole number from 1 to 5000"],
  [["--apps", "5001"], "whole number from 1 to 5000"],
  [["--apps", "20", "--quick"], "cannot be used with option '--quick'"],
  [["--apps", "20", "--strategy", "canary"], "cannot be used with option '--strategy"],
  [["--strategy", "blue"], "Allowed choices are canary"],
])("npm run bench -- %j: refused, and no cluster starts", async (args, message) => {
  await expect(bench(...args)).rejects.toThrow(message);
});

describe("npm run bench -- --quick --json", () => {
  let output = "";
  let report: Report;
  beforeAll(async () => {
    output = await bench("--quick", "--json");
    report = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Report;
  });
  afterAll(async () => (await clusterFor(name, "kwok")).down(silent));

  test("its output: a table, and one JSON object as the last line", () => {
    expect(output).toContain("20 apps, 10 changes at 4/s");
    expect(output).toMatch(/writes per change +\d/);
    expect(report.rounds).toHaveLength(1);
  });

  test("its durations: above 0 in both columns", () => {
    for (const speed of report.rounds.flatMap(({ bare, operated }) => [bare, operated])) {
      expect(speed?.allReadyMs).toBeGreaterThan(0);
      expect(speed?.p50Ms).toBeGreaterThan(0);
      expect(speed?.p99Ms).toBeGreaterThanOrEqual(speed?.p50Ms ?? Infinity);
    }
  });

  test("its counts per change: one Deployment, two writes of a revision, one event", () => {
    const [round] = report.rounds;
    expect(round?.operator.byKind).toMatchObject({
      "PATCH deployments": 1,
      "POST controllerrevisions": 1,
      "PATCH controllerrevisions": 1,
      "POST events": 1,
    });
    expect(round?.operator.cpuMsPerChange).toBeGreaterThan(0);
    expect(round?.operator.peakRssMiB).toBeGreaterThan(30);
  });

  test("without changes and after a restart: the operator writes nothing", () => {
    expect(report.quiet.writes).toEqual({});
    expect(report.restart.writes).toEqual({});
  });

  test("its cluster: removed at the end", async () => {
    expect((await (await clusterFor(name, "kwok")).status()).state).toBe("down");
  });
});

test("npm run bench -- --quick --strategy canary: a canary writes its Service twice, and at rest nothing", async () => {
  const output = await bench("--quick", "--strategy", "canary", "--json");
  expect(output).toMatch(/writes per rollout +\d\S* +\d\S* +\d\S*x/);
  const { rounds } = JSON.parse(output.trim().split("\n").at(-1) ?? "") as StrategyReport;
  const outcome = { "POST controllerrevisions": 1, "PATCH controllerrevisions": 1 };
  expect(rounds).toMatchObject([
    { type: "RollingUpdate", operator: { byKind: { ...outcome, "PATCH deployments": 1 } } },
    // A delete can be repeated until the watch reports it.
    { type: "Canary", operator: { byKind: { ...outcome, "PATCH services": 2 } } },
  ]);
  expect(rounds.map(({ idle }) => idle.writes)).toEqual([{}, {}]);
});
