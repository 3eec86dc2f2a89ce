// `node tools/ci/scan.ts image <name>`: scans each platform of the image in dist/<name>-image.
// `node tools/ci/scan.ts source`: scans the files and the configuration of the tree in the current folder.
// Fails on a critical or high finding that has a fix, unless .trivyignore.yaml accepts the finding.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../cluster/command.ts";
import { layoutOf, readLayout, sideBySide } from "./layout.ts";
import { summarize } from "./outputs.ts";
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

/** Text as HTML. Titles of findings come from public databases: GitHub must not render them as markup. */
const preformatted = (text: string): string =>
  `<pre>\n${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}\n</pre>`;

/** Scans, leaves the reports in artifacts/, and adds the findings to the summary. Returns whether the scan passes. */
async function passes({ name, argv, sbom }: Scan): Promise<boolean> {
  const report = join(artifacts, `${name}.report.json`);
  const trivy = ["trivy", ...argv, "--quiet", "--ignorefile", ignoreFile];
  await command([...trivy, "--list-all-pkgs", "--format", "json", "--output", report]);
  const convert = (format: string, ...options: readonly string[]): Promise<string> =>
    command(["trivy", "convert", "--quiet", "--format", format, ...options, report]);
  await convert("sarif", "--output", join(artifacts, `${name}.sarif`));
  if (sbom) await convert("spdx-json", "--output", join(artifacts, `${name}.spdx.json`));

  const grave = ["--severity", "HIGH,CRITICAL"];
  const findings = await convert("table", ...grave);
  const [program, ...gate] = [...trivy, ...grave, "--ignore-unfixed", "--exit-code", "1"] as const;
  const passed = spawnSync(program, gate, { stdio: "inherit" }).status === 0;
  const heading = `### ${passed ? "✅" : "❌"} Scan of ${name}`;
  summarize(`${heading}\n\n${preformatted(findings.trim())}`);
  return passed;
}

async function main(argv: readonly string[]): Promise<void> {
  await mkdir(artifacts, { recursive: true });
  const failed: string[] = [];
  for (const scan of await scansOf(argv)) if (!(await passes(scan))) failed.push(scan.name);
  // Trivy's table lacks accepted findings. The ignore file has the reason of each.
  const accepted = preformatted(readFileSync(ignoreFile, "utf8"));
  summarize(`<details><summary>Accepted findings</summary>\n\n${accepted}\n\n</details>`);
  if (failed.length > 0)
    throw new Error(`critical or high findings with a fix, or no scan: ${failed.join(", ")}; see above`);
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
