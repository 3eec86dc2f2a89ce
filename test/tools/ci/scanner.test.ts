import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { counts, failing, ignored, unfixed } from "../../../tools/ci/findings.ts";
import { argvOf, findingsOf, scan } from "../../../tools/ci/scanner.ts";
import { Programs } from "../../support/programs.ts";

/** A report in the form of Trivy 0.74 (its Go types), with one of everything that matters here. */
const report = {
  SchemaVersion: 2,
  Results: [
    {
      Target: "webapp (debian 12.11)",
      Vulnerabilities: [
        {
          VulnerabilityID: "CVE-1",
          PkgName: "openssl",
          InstalledVersion: "3.0.1",
          FixedVersion: "3.0.2",
          Severity: "HIGH",
          Title: "a <b>|c",
        },
        { VulnerabilityID: "CVE-2", PkgName: "libc6", InstalledVersion: "2.36", Severity: "CRITICAL" },
        {
          VulnerabilityID: "CVE-3",
          PkgName: "zlib",
          InstalledVersion: "1",
          FixedVersion: "2",
          Severity: "LOW",
        },
      ],
      ExperimentalModifiedFindings: [
        {
          Statement: "not reached from here",
          Finding: { VulnerabilityID: "CVE-4", PkgName: "x", FixedVersion: "2", Severity: "HIGH" },
        },
      ],
    },
    {
      Target: "Dockerfile",
      Misconfigurations: [{ ID: "DS-0002", Severity: "HIGH", Resolution: "Add a USER", Title: "root" }],
      ExperimentalModifiedFindings: [
        { Statement: "its task", Finding: { ID: "KSV-0056", Severity: "HIGH", Status: "FAIL" } },
        { Statement: "its task", Finding: { ID: "KSV-0056", Severity: "HIGH", Status: "PASS" } },
      ],
    },
    { Target: "config.yaml", Secrets: [{ RuleID: "aws-key", Severity: "CRITICAL", Title: "a key" }] },
    { Target: "empty", Vulnerabilities: null },
  ],
};
const scanned = {
  subject: "webapp linux/amd64",
  scanner: "Trivy",
  findings: findingsOf(JSON.stringify(report)),
};

describe("of what a scanner found,", () => {
  test("grave things that can be fixed fail the build", () => {
    expect(failing(scanned).map(({ id, fix }) => [id, fix])).toEqual([
      ["CVE-1", "3.0.2"],
      ["DS-0002", "Add a USER"],
      ["aws-key", "take it out and revoke it"],
    ]);
  });

  test("grave things without a fix are listed only", () => {
    expect(unfixed(scanned).map(({ id }) => id)).toEqual(["CVE-2"]);
  });

  test("what .trivyignore.yaml accepts fails nothing, and keeps its reason", () => {
    expect(ignored(scanned)).toMatchObject([
      { id: "CVE-4", ignored: "not reached from here" },
      { id: "KSV-0056", ignored: "its task" },
    ]);
  });

  test("people see how many there are of each severity", () => {
    expect(counts(scanned.findings)).toBe("2 critical, 4 high, 1 low");
    expect(counts([])).toBe("none");
  });

  test.each(["{}", '{"SchemaVersion":1,"Results":[]}', ""])("a report such as %j proves nothing", (text) => {
    expect(() => findingsOf(text)).toThrow(/no report that can be read|JSON/);
  });

  test("nothing at all is fine", () => {
    expect(findingsOf('{"SchemaVersion":2}')).toEqual([]);
  });
});

test("an image is scanned by its digest, files and configuration by their folder", () => {
  const image = argvOf({ name: "a", what: { layout: "/l", digest: "sha256:1" } }, "/r");
  expect(image.slice(0, 2)).toEqual(["trivy", "image"]);
  expect(image.slice(-2)).toEqual(["--input", "/l@sha256:1"]);
  expect(argvOf({ name: "a", what: { files: "/t" } }, "/r").at(-1)).toBe("/t");
  const configuration = argvOf({ name: "a", what: { configuration: "/t" } }, "/r");
  expect([configuration[1], configuration.at(-1)]).toEqual(["filesystem", "/t"]);
  expect(configuration.join(" ")).toContain("--scanners misconfig");
});

test.each([
  ["an image", { layout: "/l", digest: "sha256:1" }],
  ["files", { files: "/t" }],
  ["configuration", { configuration: "/t" }],
])("what is accepted in %s is in the report, with its reason", (_, what) => {
  const argv = argvOf({ name: "a", what }, "/r");
  expect(argv).toContain("--show-suppressed");
  // Of Trivy's commands for files these have that option; `config` hasn't.
  expect(["image", "filesystem"]).toContain(argv[1]);
});

describe("a scan (with a program that stands in for the scanner)", () => {
  let programs: Programs;
  const reports = () => ({
    json: join(programs.folder, "report.json"),
    sarif: join(programs.folder, "a.sarif"),
    sbom: join(programs.folder, "a.spdx.json"),
  });
  const subject = { name: "webapp", what: { layout: "/l", digest: "sha256:1" } };
  const start = (answer: string): void => {
    programs = new Programs({ trivy: answer });
  };
  beforeEach(() =>
    start(`while [ "$#" -gt 0 ]; do case "$1" in --output) out="$2";; version) echo '{"Version":"0.74.0"}';; esac; shift; done
[ -z "$out" ] || echo '{"SchemaVersion":2,"Results":[]}' >"$out"`),
  );
  afterEach(() => programs.remove());

  test("leaves its findings, SARIF for code scanning and the parts list", async () => {
    expect(await scan(subject, reports())).toEqual({
      subject: "webapp",
      scanner: "Trivy 0.74.0",
      findings: [],
    });
    const { json, sarif, sbom } = reports();
    expect(programs.calls().slice(1, 3)).toEqual([
      `trivy convert --format sarif --output ${sarif} ${json}`,
      `trivy convert --format spdx-json --output ${sbom} ${json}`,
    ]);
    expect(readFileSync(sarif, "utf8")).not.toBe("");
  });

  test("that doesn't come to an end fails: what wasn't scanned isn't safe", async () => {
    programs.remove();
    start("echo no database >&2; exit 1");
    await expect(scan(subject, reports())).rejects.toThrow("no database");
  });
});
