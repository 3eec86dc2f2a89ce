import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scan } from "../../../tools/ci/findings.ts";
import { writeLayout } from "../../support/layout.ts";
import { Programs } from "../../support/programs.ts";
import { runScript } from "../../support/script.ts";

/** Stands in for the scanner: leaves a report for each scan, made of `results`, and a SARIF file for it. */
const scanner = (results: object): string => `
[ "$1" != version ] || echo '{"Version":"0.74.0"}'
case "$*" in *sarif*) report='{"runs":[{}]}';; *) report='${JSON.stringify({ SchemaVersion: 2, ...results })}';; esac
while [ "$#" -gt 1 ]; do [ "$1" != --output ] || echo "$report" >"$2"; shift; done`;

const flaw = { ID: "DS-0002", Severity: "HIGH", Resolution: "Add a USER", Title: "root" };

describe("a scan, as the workflow starts it,", () => {
  let tree: string;
  let programs: Programs;
  const read = (file: string): unknown => JSON.parse(readFileSync(join(tree, "artifacts", file), "utf8"));

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "scan-"));
    programs = new Programs({ trivy: scanner({}) });
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("of the tree leaves findings for the summary, and SARIF files that say what they are of", async () => {
    const told = await runScript("tools/ci/scan.ts source", { cwd: tree });
    expect(told).toBe("  files: none; without a fix 0\n  configuration: none; without a fix 0\n");
    for (const name of ["files", "configuration"]) {
      expect(read(`scan-${name}.json`)).toEqual({ subject: name, scanner: "Trivy 0.74.0", findings: [] });
      expect(read(`sarif/${name}.sarif`)).toEqual({ runs: [{ automationDetails: { id: `${name}/` } }] });
    }
  });

  test("of an image looks at each platform by its digest, and leaves its parts list", async () => {
    const { platforms } = writeLayout(join(tree, "dist/webapp-image"));
    await runScript("tools/ci/scan.ts image webapp", { cwd: tree });
    const scans = programs.calls().filter((call) => call.startsWith("trivy image"));
    expect(scans.map((call) => call.split("@")[1])).toEqual(platforms);
    for (const name of ["webapp-linux-amd64", "webapp-linux-arm64"]) {
      expect((read(`scan-${name}.json`) as Scan).findings).toEqual([]);
      expect(read(`${name}.spdx.json`)).toBeDefined();
    }
  });

  test("fails with what can be fixed, after it has left everything that it found", async () => {
    programs.remove();
    programs = new Programs({
      trivy: scanner({ Results: [{ Target: "Dockerfile", Misconfigurations: [flaw] }] }),
    });
    await expect(runScript("tools/ci/scan.ts source", { cwd: tree })).rejects.toThrow(
      "configuration: HIGH DS-0002 in Dockerfile, fixed by Add a USER",
    );
    expect((read("scan-configuration.json") as Scan).findings).toHaveLength(1);
  });

  test("of nothing is refused", async () => {
    await expect(runScript("tools/ci/scan.ts", { cwd: tree })).rejects.toThrow("say what to scan");
  });
});
