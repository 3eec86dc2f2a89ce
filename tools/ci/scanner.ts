/** The only file that knows which scanner is used. Another one takes its place here: docs/pipeline.md says how. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../cluster/command.ts";
import { type Finding, type Scan, severityOf } from "./findings.ts";

const root = join(import.meta.dirname, "../..");
/** What is known and accepted, each with its reason. */
const ignoreFile = join(root, ".trivyignore.yaml");

/** What to scan: an image of a layout by its digest, or a folder's files, or its configuration files. */
export interface Subject {
  readonly name: string;
  readonly what:
    | { readonly layout: string; readonly digest: string }
    | { readonly files: string }
    | { readonly configuration: string };
}

/** Where the reports of one scan are to be. */
export interface Reports {
  readonly json: string;
  readonly sarif: string;
  /** Only for images. */
  readonly sbom?: string;
}

interface Entry {
  readonly VulnerabilityID?: string;
  readonly ID?: string;
  readonly RuleID?: string;
  readonly Severity: string;
  readonly Title?: string;
  readonly PkgName?: string;
  readonly InstalledVersion?: string;
  readonly FixedVersion?: string;
  readonly Resolution?: string;
  /** Of a check: `PASS` or `FAIL`. */
  readonly Status?: string;
}

interface Result {
  readonly Target: string;
  readonly Vulnerabilities?: readonly Entry[] | null;
  readonly Misconfigurations?: readonly Entry[] | null;
  readonly Secrets?: readonly Entry[] | null;
  readonly ExperimentalModifiedFindings?:
    readonly { readonly Statement?: string; readonly Finding: Entry }[] | null;
}

function findingOf(entry: Entry, target: string, reason?: string): Finding {
  const secret = entry.RuleID === undefined ? undefined : "take it out and revoke it";
  const fix = entry.FixedVersion || entry.Resolution || secret;
  return {
    id: entry.VulnerabilityID ?? entry.ID ?? entry.RuleID ?? "unnamed",
    severity: severityOf(entry.Severity),
    title: entry.Title ?? "",
    where: entry.PkgName ?? target,
    ...(entry.InstalledVersion === undefined ? {} : { installed: entry.InstalledVersion }),
    ...(fix === undefined || fix === "" ? {} : { fix }),
    ...(reason === undefined ? {} : { ignored: reason }),
  };
}

/** What a report of Trivy (its JSON format) says; throws if it isn't one. */
export function findingsOf(text: string): readonly Finding[] {
  const report = JSON.parse(text) as { SchemaVersion?: number; Results?: readonly Result[] | null };
  if (report.SchemaVersion !== 2) throw new Error("the scanner left no report that can be read");
  return (report.Results ?? []).flatMap((result) => [
    ...[result.Vulnerabilities, result.Misconfigurations, result.Secrets].flatMap((found) =>
      (found ?? []).map((entry) => findingOf(entry, result.Target)),
    ),
    ...(result.ExperimentalModifiedFindings ?? [])
      // Where a check is accepted, Trivy lists it also for the objects of the file that pass it.
      .filter(({ Finding: entry }) => entry.Status !== "PASS")
      .map(({ Finding: entry, Statement: why }) => findingOf(entry, result.Target, why || "no reason given")),
  ]);
}

/** The scanner's command line for a subject. */
export function argvOf({ what }: Subject, json: string): readonly string[] {
  const common = ["--quiet", "--format", "json", "--output", json, "--ignorefile", ignoreFile];
  // Else what is accepted would be left out of the report, and of the summary.
  const scanners = (names: string): readonly string[] => ["--show-suppressed", "--scanners", names];
  const packages = [...scanners("vuln,secret"), "--list-all-pkgs"];
  if ("digest" in what)
    return ["trivy", "image", ...common, ...packages, "--input", `${what.layout}@${what.digest}`];
  const skipped = ["--skip-dirs", "node_modules", "--skip-dirs", "dist"];
  if ("files" in what) return ["trivy", "filesystem", ...common, ...packages, ...skipped, what.files];
  // As `trivy config`, which has no --show-suppressed.
  return ["trivy", "filesystem", ...common, ...scanners("misconfig"), ...skipped, what.configuration];
}

/** Scans, and leaves the reports. Rejects if the scanner fails: what wasn't scanned isn't safe. */
export async function scan(subject: Subject, reports: Reports): Promise<Scan> {
  await command(argvOf(subject, reports.json));
  const formats = { sarif: reports.sarif, "spdx-json": reports.sbom };
  for (const [format, file] of Object.entries(formats))
    if (file !== undefined)
      await command(["trivy", "convert", "--format", format, "--output", file, reports.json]);
  const { Version: version } = JSON.parse(await command(["trivy", "version", "--format", "json"])) as {
    Version: string;
  };
  const findings = findingsOf(await readFile(reports.json, "utf8"));
  return { subject: subject.name, scanner: `Trivy ${version}`, findings };
}
