import { describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scan } from "../../../tools/ci/findings.ts";
import { writeJson } from "../../../tools/ci/outputs.ts";
import { type Run, readRun, summaryOf } from "../../../tools/ci/summary.ts";
import type { Report } from "../../../tools/bench/report.ts";
import { runScript } from "../../support/script.ts";

const speed = { allReadyMs: 125_000, p50Ms: 400, p99Ms: 900 };
const bench = (cpuMsPerChange: number): Report => ({
  rounds: [
    {
      apps: 500,
      changes: 150,
      perSecond: 4,
      bare: speed,
      operated: speed,
      operator: {
        cpuMsPerApp: 1,
        cpuMsPerChange,
        requestsPerChange: 9,
        writesPerChange: 5,
        byKind: {},
        peakRssMiB: 90,
      },
    },
  ],
  quiet: { seconds: 60, writes: {} },
  restart: { readyMs: 900, readyCpuMs: 1, settledCpuMs: 1, peakRssMiB: 90, writes: {} },
});
const scan: Scan = {
  subject: "webapp linux/amd64",
  scanner: "Trivy 0.74.0",
  findings: [
    { id: "CVE-2", severity: "CRITICAL", title: "no <b>fix</b> | yet", where: "libc6", installed: "2.36" },
    { id: "CVE-4", severity: "HIGH", title: "", where: "x", fix: "2", ignored: "not reached from here" },
  ],
};
const run: Run = {
  tests: [
    { job: "unit", outcomes: [{ name: "unit", passed: 900, failed: 0, durationMs: 12_345 }] },
    { job: "e2e-1.36", outcomes: [{ name: "e2e", passed: 40, failed: 0, durationMs: 300_000 }] },
  ],
  images: [
    {
      name: "webapp",
      digest: "sha256:abc",
      platforms: [
        { platform: "linux/amd64", digest: "sha256:1", bytes: 52_300_000 },
        { platform: "linux/arm64", digest: "sha256:2", bytes: 51_000_000 },
      ],
    },
  ],
  scans: [scan],
  bench: bench(22),
  benchOfMain: bench(20),
};
const text = summaryOf(run);

describe("the page of a run", () => {
  test("begins with how it went", () => {
    expect(text.split("\n")[0]).toBe("## ✅ 940 tests passed");
  });

  test("has the tests, by Kubernetes version where that differs", () => {
    expect(text).toContain("| ✅ e2e on Kubernetes 1.36 | 40 |  | 300.0 s |");
  });

  test("has the images with what they cost to pull, and their digest", () => {
    expect(text).toContain("| 📦 **webapp** | amd64 52.3 MB, arm64 51.0 MB | `sha256:abc` |");
  });

  test("has the findings, those without a fix folded, those accepted with the reason", () => {
    expect(text).toContain("| ✅ webapp linux/amd64 | none | 1 critical | 1 | Trivy 0.74.0 |");
    expect(text).toContain("<summary>webapp linux/amd64: 1 without a fix</summary>");
    expect(text).toContain("- `CVE-4` in webapp linux/amd64: not reached from here");
  });

  test("takes nothing that others wrote as markup", () => {
    expect(text).toContain("no &lt;b>fix&lt;/b> \\| yet");
  });

  test("has the figures beside main's", () => {
    expect(text).toContain("| operator CPU a change, ms | 22.00 | 20.00 | +10 % |");
    const alone = summaryOf({ ...run, benchOfMain: undefined });
    expect(alone).toContain("| Speed and cost | here |\n");
    expect(alone).toContain("| operator CPU a change, ms | 22.00 |\n");
  });

  test("says first what is wrong", () => {
    const outcomes = [{ name: "unit", passed: 1, failed: 2, durationMs: 1 }];
    const open = { id: "CVE-5", severity: "HIGH", title: "", where: "x", fix: "2" } as const;
    const bad = {
      ...run,
      tests: [{ job: "unit", outcomes }],
      scans: [{ ...scan, findings: [open] }],
    };
    expect(summaryOf(bad).split("\n")[0]).toBe("## ❌ 1 tests passed, 2 failed, 1 findings to be fixed");
  });

  test("leaves out what a run has nothing of", () => {
    expect(summaryOf({ tests: run.tests, images: [], scans: [] })).not.toMatch(/Image|Scan|Speed/);
  });
});

test("a run is read from the files that its jobs leave; others are passed over", () => {
  const folder = mkdtempSync(join(tmpdir(), "artifacts-"));
  try {
    writeJson(join(folder, "tests-unit.json"), run.tests[0]?.outcomes);
    writeJson(join(folder, "image-webapp.json"), run.images[0]);
    writeJson(join(folder, "scan-webapp-linux-amd64.json"), scan);
    writeJson(join(folder, "webapp-linux-amd64.report.json"), {});
    writeJson(join(folder, "bench-main.json"), run.benchOfMain);
    const read = readRun(folder);
    // As a run of main leaves it.
    expect(read).toEqual({
      ...run,
      tests: [run.tests[0]],
      bench: run.benchOfMain,
      benchOfMain: undefined,
    });
    writeJson(join(folder, "bench.json"), run.bench);
    expect(readRun(folder)).toMatchObject({ bench: run.bench, benchOfMain: run.benchOfMain });
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(readRun(folder)).toMatchObject({ tests: [], images: [], scans: [] });
});

test("the page is added to the run's summary", async () => {
  const tree = mkdtempSync(join(tmpdir(), "artifacts-"));
  try {
    writeJson(join(tree, "artifacts/tests-unit.json"), run.tests[0]?.outcomes);
    const page = join(tree, "summary.md");
    await runScript("tools/ci/summary.ts", { cwd: tree, env: { GITHUB_STEP_SUMMARY: page } });
    expect(readFileSync(page, "utf8")).toMatch(/^## ✅ 900 tests passed\n/);
  } finally {
    rmSync(tree, { recursive: true });
  }
});
