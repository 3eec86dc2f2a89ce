// `node tools/ci/scan.ts image <name>`: scans each platform of the image in dist/<name>-image.
// `node tools/ci/scan.ts source`: scans the files and the configuration of the tree in the current folder.
// Fails on a critical or high finding that has a fix, unless .trivyignore.yaml accepts the finding.
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../cluster/command.ts";
import { layoutOf, readLayout, sideBySide } from "./layout.ts";
import { readJson, summarize } from "./outputs.ts";
import { script } from "../script.ts";

const root = process.cwd();
const artifacts = join(root, "artifacts");
const ignoreFile = join(import.meta.dirname, "../../.trivyignore.yaml");

/** One scan: its name, as reports and code scanning use it, and Trivy's arguments. */
interface Scan {
  readonly name: string;
  readonly argv: readonly string[];
  /** Whether the scan also leaves an SBOM. */
  readonly sbom: boolean;
}

async function scansOf([subject, name = ""]: readonly string[]): Promise<readonly Scan[]> {
  if (subject === "source") {
    const skipped = ["--skip-dirs", "node_modules", "--skip-dirs", "dist"];
    return [
      {
        name: subject,
        argv: ["filesystem", "--scanners", "vuln,secret,misconfig", ...skipped, root],
        sbom: false,
      },
    ];
  }
  if (subject !== "image") throw new Error("name what to scan: image <name>, or source");
  const layout = layoutOf(name);
  const image = await readLayout(name, layout);
  const view = await sideBySide(image, layout);
  return image.platforms.map(({ platform, digest }) => ({
    name: `${name}-${platform.replace("/", "-")}`,
    argv: ["image", "--scanners", "vuln,secret", "--input", `${view}@${digest}`],
    sbom: true,
  }));
}

interface Report {
  readonly Results?: readonly {
    readonly Target: string;
    readonly ExperimentalModifiedFindings?:
      | readonly {
          readonly Statement?: string;
          readonly Finding: Readonly<
            Record<"VulnerabilityID" | "ID" | "RuleID" | "Status", string | undefined>
          >;
        }[]
      | null;
  }[];
}

/** The accepted findings of a report in Trivy's JSON format, one per line, with the reason. */
const acceptedIn = ({ Results = [] }: Report): readonly string[] =>
  Results.flatMap(({ Target, ExperimentalModifiedFindings: findings }) =>
    (findings ?? [])
      // Trivy also lists an accepted check for the objects of the file that pass the check.
      .filter(({ Finding }) => Finding.Status !== "PASS")
      .map(
        ({ Finding: { VulnerabilityID, ID, RuleID }, Statement }) =>
          `accepted: ${VulnerabilityID ?? ID ?? RuleID} in ${Target}: ${Statement || "no reason given"}`,
      ),
  );

/** Scans, leaves the reports in artifacts/, and adds the findings to the summary. Returns whether the scan passes. */
async function passes({ name, argv, sbom }: Scan): Promise<boolean> {
  const report = join(artifacts, `${name}.report.json`);
  const trivy = ["trivy", ...argv, "--quiet", "--ignorefile", ignoreFile];
  // Without --show-suppressed the report lacks accepted findings.
  await command([...trivy, "--show-suppressed", "--list-all-pkgs", "--format", "json", "--output", report]);
  const convert = (format: string, ...options: readonly string[]): Promise<string> =>
    command(["trivy", "convert", "--quiet", "--format", format, ...options, report]);
  await convert("sarif", "--output", join(artifacts, `${name}.sarif`));
  if (sbom) await convert("spdx-json", "--output", join(artifacts, `${name}.spdx.json`));

  const grave = ["--severity", "HIGH,CRITICAL"];
  const findings = await convert("table", ...grave);
  const [program, ...gate] = [...trivy, ...grave, "--ignore-unfixed", "--exit-code", "1"] as const;
  const passed = spawnSync(program, gate, { stdio: "inherit" }).status === 0;
  const text = [findings.trim(), ...acceptedIn(readJson(report) as Report)].join("\n");
  // Titles of findings come from others: GitHub must not render them as markup.
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  summarize(`### ${passed ? "✅" : "❌"} Scan of ${name}\n\n<pre>\n${escaped}\n</pre>`);
  return passed;
}

async function main(argv: readonly string[]): Promise<void> {
  await mkdir(artifacts, { recursive: true });
  const failed: string[] = [];
  for (const scan of await scansOf(argv)) if (!(await passes(scan))) failed.push(scan.name);
  if (failed.length > 0)
    throw new Error(`critical or high findings with a fix, or no scan: ${failed.join(", ")}; see above`);
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
