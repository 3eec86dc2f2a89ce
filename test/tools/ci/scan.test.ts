import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLayout } from "../../support/layout.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

/** A stand-in for Trivy: writes a report, prints a table, and ends a scan with --exit-code as `gate` says. */
const trivy = (gate = "exit 0"): string => `
case "$*" in *--exit-code*) echo "gate: $1"; ${gate};; *table*) echo "Total: 1 (<b>HIGH</b>: 1)";; esac
while [ "$#" -gt 1 ]; do [ "$1" != --output ] || echo {} >"$2"; shift; done`;

describe("scan.ts", () => {
  let tree: string;
  let programs: StubPrograms;
  const artifact = (name: string): boolean => existsSync(join(tree, "artifacts", name));
  const summary = (): string => readFileSync(join(tree, "summary.md"), "utf8");
  const scan = (line: string): Promise<string> =>
    runScript(line, { cwd: tree, env: { GITHUB_STEP_SUMMARY: join(tree, "summary.md") } });
  const start = (answer: string): void => {
    programs = new StubPrograms({ trivy: answer });
  };
  const restart = (answer: string): void => {
    programs.remove();
    start(answer);
  };

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "scan-"));
    start(trivy());
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("the source: one scan of dependencies, secrets and configuration leaves a SARIF file", async () => {
    await scan("tools/ci/scan.ts source");
    const [first] = programs.calls();
    expect(first).toMatch(/^trivy filesystem --scanners vuln,secret,misconfig .*--skip-dirs node_modules /);
    expect(first).toContain(` ${tree} `);
    expect(artifact("source.sarif")).toBe(true);
    expect(artifact("source.spdx.json")).toBe(false);
    expect(summary()).toContain("### ✅ Scan of source\n");
  });

  test("an image: each platform is scanned by its digest, and leaves a SARIF file and an SBOM", async () => {
    const { platforms } = writeLayout(join(tree, "dist/webapp-image"));
    await scan("tools/ci/scan.ts image webapp");
    const reports = programs.calls().filter((call) => /^trivy image .*--format json/.test(call));
    expect(reports.map((call) => /@(\S+)/.exec(call)?.[1])).toEqual(platforms);
    for (const name of ["webapp-linux-amd64", "webapp-linux-arm64"]) {
      expect([artifact(`${name}.sarif`), artifact(`${name}.spdx.json`)]).toEqual([true, true]);
      expect(summary()).toContain(`### ✅ Scan of ${name}\n`);
    }
  });

  test.each(["source", "image webapp"])(
    "%s: only critical and high findings with a fix fail the scan, unless they are accepted",
    async (line) => {
      writeLayout(join(tree, "dist/webapp-image"));
      await scan(`tools/ci/scan.ts ${line}`);
      const gates = programs.calls().filter((call) => call.includes("--exit-code"));
      expect(gates).toHaveLength(line === "source" ? 1 : 2);
      for (const gate of gates) {
        expect(gate).toContain("--severity HIGH,CRITICAL --ignore-unfixed --exit-code 1");
        expect(gate).toMatch(/--ignorefile \S+\/\.trivyignore\.yaml/);
      }
    },
  );

  test("findings without a fix: the summary lists them", async () => {
    await scan("tools/ci/scan.ts source");
    const table = programs.calls().find((call) => call.includes("--format table"));
    expect(table).toMatch(/^trivy convert .*--severity HIGH,CRITICAL/);
    expect(table).not.toContain("--ignore-unfixed");
    expect(summary()).toContain("Total: 1");
  });

  test("a finding's title with markup: the summary shows the text", async () => {
    await scan("tools/ci/scan.ts source");
    expect(summary()).toContain("&lt;b>HIGH&lt;/b>");
  });

  test("accepted findings: the summary has the ignore file with the reasons", async () => {
    await scan("tools/ci/scan.ts source");
    expect(summary()).toContain("<summary>Accepted findings</summary>");
    expect(summary()).toMatch(/id: KSV-0056\n[^]*statement:/);
  });

  test("findings with a fix: the script prints them and fails after all reports are written", async () => {
    writeLayout(join(tree, "dist/webapp-image"));
    restart(trivy("exit 1"));
    const failed = scan("tools/ci/scan.ts image webapp");
    await expect(failed).rejects.toThrow("with a fix, or no scan: webapp-linux-amd64, webapp-linux-arm64");
    expect([artifact("webapp-linux-amd64.sarif"), artifact("webapp-linux-arm64.sarif")]).toEqual([
      true,
      true,
    ]);
    expect(summary()).toContain("### ❌ Scan of webapp-linux-arm64\n");
  });

  test.each([
    ["the scanner", "echo no database >&2; exit 1"],
    ["the conversion of the report", '[ "$1" != convert ] || { echo no database >&2; exit 1; }'],
  ])("%s fails: the script fails", async (_, answer) => {
    restart(answer);
    await expect(scan("tools/ci/scan.ts source")).rejects.toThrow("no database");
  });

  test("no subject: the script fails", async () => {
    await expect(scan("tools/ci/scan.ts")).rejects.toThrow("name what to scan");
  });
});
