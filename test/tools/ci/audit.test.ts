import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

/** A stand-in for Trivy, whose scan ends as `gate` says. */
const trivy = (gate: string): string => `
case "$*" in *--exit-code*) ${gate};; esac
while [ "$#" -gt 1 ]; do [ "$1" != --output ] || echo '{"runs":[{}]}' >"$2"; shift; done`;

/** osv-scanner's report of one finding. */
const report = (severity: string, events: readonly object[]): object => ({
  results: [
    {
      source: { path: "/tree/tools/go.mod", type: "lockfile" },
      packages: [
        {
          package: { name: "example.com/a", version: "1.0.0", ecosystem: "Go" },
          groups: [{ ids: ["GO-1", "GHSA-1"], aliases: [], max_severity: severity }],
          vulnerabilities: [
            { id: "GO-1" },
            {
              id: "GHSA-1",
              affected: [
                { package: { name: "example.com/a" }, ranges: [{ type: "SEMVER", events }] },
                { package: { name: "example.com/b" }, ranges: [{ events: [{ fixed: "9.9.9" }] }] },
              ],
            },
          ],
        },
      ],
    },
  ],
});
const fixed = [{ introduced: "0" }, { fixed: "1.0.1" }];

describe("audit.ts", () => {
  let tree: string;
  let programs: StubPrograms | undefined;
  const summary = (): string => readFileSync(join(tree, "summary.md"), "utf8");
  const audit = (found: object, { exit = 1, gate = "exit 0" } = {}): Promise<string> => {
    writeFileSync(join(tree, "report.json"), JSON.stringify(found));
    programs = new StubPrograms({ trivy: trivy(gate), go: `cat "${tree}/report.json"; exit ${exit}` });
    return runScript("tools/ci/audit.ts", {
      cwd: tree,
      env: { GITHUB_STEP_SUMMARY: join(tree, "summary.md") },
    });
  };

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "audit-"));
    writeFileSync(join(tree, ".trivyignore.yaml"), "");
  });
  afterEach(() => {
    programs?.remove();
    rmSync(tree, { recursive: true });
  });

  test("no finding: both scanners read the whole tree, and the script succeeds", async () => {
    await audit({ results: [] }, { exit: 0 });
    const calls = programs?.calls() ?? [];
    expect(calls[0]).toMatch(/^trivy filesystem --scanners vuln .*--include-dev-deps/);
    expect(calls.join("\n")).not.toMatch(/--skip-dirs (tools|test)/);
    expect(calls.at(-1)).toMatch(
      /^go -C \S+\/tools\/checkers\/osv tool osv-scanner scan source --recursive /,
    );
    expect(calls.at(-1)?.split(" ").at(-1)).toBe(tree);
    expect(summary()).toContain("### ✅ osv-scanner");
  });

  test("a finding with a high score and a fix: listed, and the script fails", async () => {
    await expect(audit(report("7.5", fixed))).rejects.toThrow(
      "high findings of osv-scanner with a fix: see the summary",
    );
    expect(summary()).toContain("7.5 example.com/a 1.0.0 (");
    expect(summary()).toContain("): GO-1, GHSA-1; fixed in 1.0.1\n");
  });

  test.each([
    ["without a fix for this package", report("9.8", [{ introduced: "0" }]), "GO-1, GHSA-1; no fix"],
    ["with a medium score", report("6.9", fixed), "6.9 example.com/a"],
    ["without a score", report("", fixed), "? example.com/a"],
  ])("a finding %s: listed, and the script succeeds", async (_, found, listed) => {
    await audit(found);
    expect(summary()).toContain(listed);
  });

  test("a finding of Trivy: osv-scanner runs too, and the script fails", async () => {
    const failed = audit({ results: [] }, { exit: 0, gate: "exit 1" });
    await expect(failed).rejects.toThrow("high findings of Trivy with a fix: see the summary");
    expect(summary()).toContain("### ✅ osv-scanner");
  });

  test("an accepted finding expires within a month: the script fails, so that the owner gets a mail", async () => {
    const end = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    writeFileSync(join(tree, ".trivyignore.yaml"), `secrets:\n  - id: a-rule\n    expired_at: ${end}\n`);
    const failed = audit({ results: [] }, { exit: 0 });
    await expect(failed).rejects.toThrow("accepted findings that expire within a month: see the summary");
    expect(summary()).toContain(`a-rule is accepted until ${end} only`);
  });

  test("osv-scanner can't get the advisories: the script fails", async () => {
    await expect(audit({ results: [] }, { exit: 129 })).rejects.toThrow(
      "osv-scanner ended with exit code 129",
    );
  });
});
