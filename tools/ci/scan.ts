// `node tools/ci/scan.ts image <name>`: scans each platform of the image in dist/<name>-image.
// `node tools/ci/scan.ts source`: scans the tree in the current folder: all files for secrets, all configuration, and the
// dependencies of what ships. tools/ci/audit.ts also scans the dependencies of tools and tests.
// Fails on a critical or high finding that has a fix, unless .trivyignore.yaml accepts the finding.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../cluster/command.ts";
import { layersOf, layoutOf, readLayout, sideBySide } from "./layout.ts";
import type { Image } from "./layout.ts";
import { readJson, summarize } from "./outputs.ts";
import { script } from "../script.ts";

const root = process.cwd();
const artifacts = join(root, "artifacts");
const ignoreFile = join(root, ".trivyignore.yaml");

/** One scan: its name, as reports and code scanning use it, and Trivy's arguments. */
interface Scan {
  readonly name: string;
  readonly argv: readonly string[];
  /** Whether the scan also leaves an SBOM. */
  readonly sbom: boolean;
}

/** A scan of the tree. */
function treeScan(name: string, scanners: string, options: readonly string[] = []): Scan {
  // Argo CD's manifests are a copy: their configuration is not ours to change.
  const copied = ["--skip-files", "deploy/argocd/install/argo-cd.yaml"];
  const skipped = ["--skip-dirs", "node_modules", "--skip-dirs", "dist", ...copied];
  return { name, argv: ["filesystem", "--scanners", scanners, ...skipped, ...options, root], sbom: false };
}

/** The scan of every dependency, also of those that don't ship. */
export const everyDependency = treeScan("audit", "vuln", ["--include-dev-deps"]);

/** The SBOM of the npm packages in a bundle, which tools/build.mjs has written beside the bundle. */
function npmPackagesIn({ name, platforms: [first] }: Image, layout: string): Buffer {
  // The same file for all platforms. It is in one of the upper layers.
  for (const layer of first === undefined ? [] : layersOf(layout, first.digest).toReversed()) {
    const { status, stdout } = spawnSync("tar", ["-xzOf", layer, "app/main.spdx.json"]);
    if (status === 0) return stdout;
  }
  throw new Error(`the image of ${name} has no /app/main.spdx.json, the list of its npm packages`);
}

async function scansOf([subject, name = ""]: readonly string[]): Promise<readonly Scan[]> {
  if (subject === "source")
    return [
      treeScan("source", "secret,misconfig"),
      // Nothing below these folders ships. Their lock files are of Go modules and Python packages that only tests use.
      treeScan("source-dependencies", "vuln", ["--skip-dirs", "tools", "--skip-dirs", "test"]),
    ];
  if (subject !== "image") throw new Error("name what to scan: image <name>, or source");
  const layout = layoutOf(name);
  const image = await readLayout(name, layout);
  await mkdir(artifacts, { recursive: true });
  await writeFile(join(artifacts, `${name}-npm.spdx.json`), npmPackagesIn(image, layout));
  const view = await sideBySide(image, layout);
  return image.platforms.map(({ platform, digest }) => ({
    name: `${name}-${platform.replace("/", "-")}`,
    argv: ["image", "--scanners", "vuln,secret", "--input", `${view}@${digest}`],
    sbom: true,
  }));
}

/** Text as HTML. Titles of findings come from public databases: GitHub must not render them as markup. */
export const preformatted = (text: string): string =>
  `<pre>\n${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}\n</pre>`;

/** Names the category of a SARIF file: code scanning refuses several files of one category in an upload. */
async function setCategory(file: string, category: string): Promise<void> {
  const { runs, ...rest } = readJson(file) as { readonly runs: readonly object[] };
  const named = runs.map((run) => ({ ...run, automationDetails: { id: `${category}/` } }));
  await writeFile(file, JSON.stringify({ ...rest, runs: named }));
}

/** Scans, leaves the reports in artifacts/, and adds the findings to the summary. Returns whether the scan passes. */
export async function passes({ name, argv, sbom }: Scan): Promise<boolean> {
  await mkdir(artifacts, { recursive: true });
  const report = join(artifacts, `${name}.report.json`);
  const trivy = ["trivy", ...argv, "--quiet", "--ignorefile", ignoreFile];
  await command([...trivy, "--list-all-pkgs", "--format", "json", "--output", report]);
  const convert = (format: string, ...options: readonly string[]): Promise<string> =>
    command(["trivy", "convert", "--quiet", "--format", format, ...options, report]);
  const sarif = join(artifacts, `${name}.sarif`);
  await convert("sarif", "--output", sarif);
  await setCategory(sarif, name);
  if (sbom) await convert("spdx-json", "--output", join(artifacts, `${name}.spdx.json`));

  const grave = ["--severity", "HIGH,CRITICAL"];
  const findings = await convert("table", ...grave);
  const [program, ...gate] = [...trivy, ...grave, "--ignore-unfixed", "--exit-code", "1"] as const;
  const passed = spawnSync(program, gate, { stdio: "inherit" }).status === 0;
  const heading = `### ${passed ? "✅" : "❌"} Scan of ${name}`;
  summarize(`${heading}\n\n${preformatted(findings.trim())}`);
  return passed;
}

/** Each entry of an ignore file, with its expiry date. No YAML parser: the job that scans installs no npm packages. */
export const expiryDates = (text: string): readonly (readonly [id: string, end: string])[] =>
  [...text.matchAll(/- id: (\S+)[^]*?\n +expired_at: (\S+)/g)].map(([, id = "", end = ""]) => [id, end]);

/**
 * Warns of accepted findings that expire within a month: from that day on, Trivy reports them, and scans fail. Returns
 * whether there are any.
 */
export function warnOfExpiry(): boolean {
  const monthMs = 31 * 86_400_000;
  const warnings = expiryDates(readFileSync(ignoreFile, "utf8"))
    .filter(([, end]) => Date.parse(end) < Date.now() + monthMs)
    .map(([id, end]) => `${id} is accepted until ${end} only: mend the finding, or review its entry.`);
  for (const warning of warnings) console.log(`::warning file=.trivyignore.yaml::${warning}`);
  if (warnings.length > 0) summarize(`### ⚠️ Accepted findings expire\n\n${warnings.join("\n")}`);
  return warnings.length > 0;
}

async function main(argv: readonly string[]): Promise<void> {
  const failed: string[] = [];
  for (const scan of await scansOf(argv)) if (!(await passes(scan))) failed.push(scan.name);
  if (argv[0] === "source") warnOfExpiry();
  // Trivy's table lacks accepted findings. The ignore file has the reason of each.
  const accepted = preformatted(readFileSync(ignoreFile, "utf8"));
  summarize(`<details><summary>Accepted findings</summary>\n\n${accepted}\n\n</details>`);
  if (failed.length > 0)
    throw new Error(`critical or high findings with a fix, or no scan: ${failed.join(", ")}; see above`);
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
