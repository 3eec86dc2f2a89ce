import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLayout } from "../../support/layout.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const root = join(import.meta.dirname, "../../..");

/** A stand-in for Trivy: writes a report, prints a table, and ends a scan with --exit-code as `gate` says. */
const trivy = (gate = "exit 0"): string => `
case "$*" in *--exit-code*) echo "gate: $1"; ${gate};; *table*) echo "Total: 1 (<b>HIGH</b>: 1)";; esac
while [ "$#" -gt 1 ]; do [ "$1" != --output ] || echo '{"runs":[{}]}' >"$2"; shift; done`;

/** The folders that a call of Trivy leaves out. */
const skippedBy = (call = ""): readonly string[] =>
  [...call.matchAll(/--skip-dirs (\S+)/g)].map(([, folder = ""]) => folder);

const sbom = '{"name":"webapp"}';

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

  const writeImage = () =>
    writeLayout(join(tree, "dist/webapp-image"), "test", { "main.spdx.json": sbom, "main.js": "" });

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "scan-"));
    copyFileSync(join(root, ".trivyignore.yaml"), join(tree, ".trivyignore.yaml"));
    start(trivy());
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("the source: all files for secrets and configuration, and the dependencies; both leave a SARIF file", async () => {
    await scan("tools/ci/scan.ts source");
    const reports = programs.calls().filter((call) => call.includes("--format json"));
    expect(reports.map((call) => /^trivy filesystem --scanners (\S+) /.exec(call)?.[1])).toEqual([
      "secret,misconfig",
      "vuln",
    ]);
    expect(skippedBy(reports[0])).toEqual(["node_modules", "dist"]);
    for (const name of ["source", "source-dependencies"]) {
      expect([artifact(`${name}.sarif`), artifact(`${name}.spdx.json`)]).toEqual([true, false]);
      expect(summary()).toContain(`### ✅ Scan of ${name}\n`);
    }
  });

  test("the dependencies of the source: lock files of tools and tests are left out, nothing that ships is", async () => {
    await scan("tools/ci/scan.ts source");
    const folders = skippedBy(programs.calls().find((call) => call.includes("--scanners vuln ")));
    const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
    const skipped = files.filter((file) => folders.some((folder) => file.startsWith(`${folder}/`)));
    expect(skipped).toEqual(files.filter((file) => /^(tools|test)\//.test(file)));
    const locks = files.filter((file) => /(^|\/)(go\.mod|requirements\.txt|package-lock\.json)$/.test(file));
    expect(locks.filter((file) => !skipped.includes(file))).toEqual(["package-lock.json"]);
  });

  test("an image: each platform is scanned by its digest, and leaves a SARIF file and an SBOM", async () => {
    const { platforms } = writeImage();
    await scan("tools/ci/scan.ts image webapp");
    const reports = programs.calls().filter((call) => /^trivy image .*--format json/.test(call));
    expect(reports.map((call) => /@(\S+)/.exec(call)?.[1])).toEqual(platforms);
    for (const name of ["webapp-linux-amd64", "webapp-linux-arm64"]) {
      expect([artifact(`${name}.sarif`), artifact(`${name}.spdx.json`)]).toEqual([true, true]);
      expect(summary()).toContain(`### ✅ Scan of ${name}\n`);
    }
  });

  test("an image: the list of its npm packages is taken out of the image", async () => {
    writeImage();
    await scan("tools/ci/scan.ts image webapp");
    expect(readFileSync(join(tree, "artifacts/webapp-npm.spdx.json"), "utf8")).toBe(sbom);
  });

  test("an image without the list of its npm packages: the script fails", async () => {
    writeLayout(join(tree, "dist/webapp-image"), "test", { "main.js": "" });
    const failed = scan("tools/ci/scan.ts image webapp");
    await expect(failed).rejects.toThrow("the image of webapp has no /app/main.spdx.json");
  });

  test.each(["source", "source-dependencies", "webapp-linux-amd64", "webapp-linux-arm64"])(
    "the SARIF file %s: names its own category, as code scanning gets all files in one upload",
    async (name) => {
      writeImage();
      await scan(`tools/ci/scan.ts ${name.startsWith("source") ? "source" : "image webapp"}`);
      const text = readFileSync(join(tree, "artifacts", `${name}.sarif`), "utf8");
      expect(JSON.parse(text)).toEqual({ runs: [{ automationDetails: { id: `${name}/` } }] });
    },
  );

  test.each(["source", "image webapp"])(
    "%s: only critical and high findings with a fix fail the scan, unless they are accepted",
    async (line) => {
      writeImage();
      await scan(`tools/ci/scan.ts ${line}`);
      const gates = programs.calls().filter((call) => call.includes("--exit-code"));
      expect(gates).toHaveLength(2);
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

  test.each([
    ["in three weeks", 21, true],
    ["yesterday", -1, true],
    ["in two months", 62, false],
  ])("an accepted finding expires %s: CI warns from a month before", async (_, days, warns) => {
    const end = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const entries = `- id: CVE-1\n    statement: x\n    expired_at: ${end}`;
    writeFileSync(join(tree, ".trivyignore.yaml"), `vulnerabilities:\n  ${entries}\n`);
    const output = await scan("tools/ci/scan.ts source");
    const warning = `CVE-1 is accepted until ${end} only`;
    expect(output.includes(`::warning file=.trivyignore.yaml::${warning}`)).toBe(warns);
    expect(summary().includes(warning)).toBe(warns);
  });

  test("findings with a fix: the script prints them and fails after all reports are written", async () => {
    writeImage();
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
