// `node tools/ci/scan.ts image <name>` scans every platform of the image in dist/<name>-image by its digest, and
// `node tools/ci/scan.ts source` the tree's files and configuration. Fails if something grave can be fixed.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { counts, failing, unfixed } from "./findings.ts";
import { layoutOf, readLayout, sideBySide } from "./layout.ts";
import { readJson, script, writeJson } from "./outputs.ts";
import { type Subject, scan } from "./scanner.ts";

const root = process.cwd();
const artifacts = join(root, "artifacts");

async function subjectsOf([what, name = ""]: readonly string[]): Promise<readonly Subject[]> {
  if (what === "source")
    return [
      { name: "files", what: { files: root } },
      { name: "configuration", what: { configuration: root } },
    ];
  if (what !== "image") throw new Error("say what to scan: image <name>, or source");
  const layout = layoutOf(name);
  const image = await readLayout(name, layout);
  const view = await sideBySide(image, layout);
  return image.platforms.map(({ platform, digest }) => ({
    name: `${name} ${platform}`,
    what: { layout: view, digest },
  }));
}

/** `webapp linux/amd64` as a part of a file's name. */
const slug = (text: string): string => text.replaceAll(/[^a-z0-9]+/g, "-");

/** Says in a SARIF file what it is of: code scanning takes two files of one scanner only if they differ in that. */
function labelled(file: string, name: string): void {
  const sarif = readJson(file) as { runs: object[] };
  const runs = sarif.runs.map((run) => ({ ...run, automationDetails: { id: `${name}/` } }));
  writeJson(file, { ...sarif, runs });
}

async function scanAll(argv: readonly string[]): Promise<void> {
  await mkdir(join(artifacts, "sarif"), { recursive: true });
  const grave: string[] = [];
  for (const subject of await subjectsOf(argv)) {
    const base = slug(subject.name);
    const reports = {
      json: join(artifacts, `${base}.report.json`),
      sarif: join(artifacts, "sarif", `${base}.sarif`),
      ...("digest" in subject.what ? { sbom: join(artifacts, `${base}.spdx.json`) } : {}),
    };
    const found = await scan(subject, reports);
    labelled(reports.sarif, base);
    writeJson(join(artifacts, `scan-${base}.json`), found);
    console.log(`  ${subject.name}: ${counts(found.findings)}; without a fix ${unfixed(found).length}`);
    for (const { id, severity, where, fix } of failing(found))
      grave.push(`${subject.name}: ${severity} ${id} in ${where}, fixed by ${fix}`);
  }
  if (grave.length > 0) throw new Error(`${grave.length} to be fixed:\n    ${grave.join("\n    ")}`);
}

if (import.meta.main) await script(() => scanAll(process.argv.slice(2)));
