// `node tools/ci/summary.ts`: makes one page for people out of the JSON files in artifacts/, which the jobs of a run
// have left, and adds it to the run's summary (GITHUB_STEP_SUMMARY); beside Actions it is printed.
import { appendFileSync, existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Report } from "../bench/report.ts";
import type { Outcome } from "../verification.ts";
import { type Finding, type Scan, counts, failing, ignored, unfixed } from "./findings.ts";
import type { Image } from "./layout.ts";
import { readJson, script } from "./outputs.ts";

const artifacts = join(process.cwd(), "artifacts");

/** The tests of one job, such as `e2e-1.36`. */
export interface Tests {
  readonly job: string;
  readonly outcomes: readonly Omit<Outcome, "output">[];
}

/** All that the jobs of a run have left. */
export interface Run {
  readonly tests: readonly Tests[];
  readonly images: readonly Image[];
  readonly scans: readonly Scan[];
  readonly bench?: Report | undefined;
  readonly benchOfMain?: Report | undefined;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const code = (text: string): string => `\`${text}\``;
/** Text of others in a table's cell. */
const cell = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;").slice(0, 160);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");

function testsText(tests: readonly Tests[]): string {
  const rows = tests.flatMap(({ job, outcomes }) =>
    outcomes.map(({ name, passed, failed, durationMs }) => [
      `${failed === 0 ? "✅" : "❌"} ${name}${job.startsWith("e2e-") ? ` on Kubernetes ${job.slice(4)}` : ""}`,
      String(passed),
      failed === 0 ? "" : `**${failed}**`,
      seconds(durationMs),
    ]),
  );
  return table(["Tests", "passed", "failed", "took"], rows);
}

function imagesText(images: readonly Image[]): string {
  const rows = images.map(({ name, digest, platforms }) => [
    `📦 **${name}**`,
    platforms
      .map(({ platform, bytes }) => `${platform.replace("linux/", "")} ${megabytes(bytes)}`)
      .join(", "),
    code(digest),
  ]);
  return table(["Image", "to pull", "digest"], rows);
}

const findingRow = ({ id, severity, where, installed, fix, title }: Finding): readonly string[] => [
  `${severity.toLowerCase()} ${code(cell(id))}`,
  cell(`${where} ${installed ?? ""}`),
  fix === undefined ? "none yet" : cell(fix),
  cell(title),
];

const findingsTable = (findings: readonly Finding[]): string =>
  table(["Finding", "in", "fixed by", "what"], findings.map(findingRow));

/** A part that is folded until someone asks for it. */
const folded = (title: string, text: string): string =>
  `<details><summary>${title}</summary>\n\n${text}\n\n</details>`;

function scansText(scans: readonly Scan[]): string {
  const rows = scans.map((scan) => [
    `${failing(scan).length === 0 ? "✅" : "❌"} ${scan.subject}`,
    failing(scan).length === 0 ? "none" : `**${counts(failing(scan))}**`,
    counts(unfixed(scan)),
    String(ignored(scan).length),
    scan.scanner,
  ]);
  const details = scans.flatMap((scan) => {
    const parts: readonly (readonly [string, readonly Finding[]])[] = [
      ["to be fixed", failing(scan)],
      ["without a fix", unfixed(scan)],
    ];
    return parts.flatMap(([what, findings]) =>
      findings.length === 0
        ? []
        : [folded(`${scan.subject}: ${findings.length} ${what}`, findingsTable(findings))],
    );
  });
  const accepted = scans.flatMap((scan) =>
    ignored(scan).map(
      (finding) => `- ${code(cell(finding.id))} in ${scan.subject}: ${cell(finding.ignored ?? "")}`,
    ),
  );
  const reasons = accepted.length === 0 ? [] : [folded(`${accepted.length} accepted`, accepted.join("\n"))];
  return [table(["Scan", "to be fixed", "no fix yet", "accepted", "by"], rows), ...details, ...reasons].join(
    "\n\n",
  );
}

/** The figures that are shown, by name: each better the lower it is. */
function figuresOf({ rounds, restart }: Report): ReadonlyMap<string, number> {
  const last = rounds.at(-1);
  if (last === undefined) return new Map();
  const { apps, operated, operator } = last;
  return new Map([
    [`${apps} apps ready, s`, operated.allReadyMs / 1000],
    ["change to ready, p50, s", operated.p50Ms / 1000],
    ["change to ready, p99, s", operated.p99Ms / 1000],
    ["operator CPU a change, ms", operator.cpuMsPerChange],
    ["writes a change", operator.writesPerChange],
    ["peak memory, MiB", operator.peakRssMiB],
    ["ready after a restart, s", restart.readyMs / 1000],
  ]);
}

/** A figure beside main's, where that has one. */
function besides(is: number, was: number | undefined): readonly string[] {
  if (was === undefined) return ["", ""];
  const change = was === 0 ? "" : `${is >= was ? "+" : "−"}${Math.abs((is / was - 1) * 100).toFixed(0)} %`;
  return [was.toFixed(2), change];
}

function benchText(bench: Report, main: Report | undefined): string {
  const before = main === undefined ? undefined : figuresOf(main);
  const rows = [...figuresOf(bench)].map(([what, is]) => [
    what,
    is.toFixed(2),
    ...(before === undefined ? [] : besides(is, before.get(what))),
  ]);
  const head = ["Speed and cost", "here", ...(before === undefined ? [] : ["main", "change"])];
  return `${table(head, rows)}\n\n_One run on a shared machine each: a few per cent are noise._`;
}

/** The page; parts of which a run has nothing are left out. */
export function summaryOf({ tests, images, scans, bench, benchOfMain }: Run): string {
  const outcomes = tests.flatMap((one) => one.outcomes);
  const failed = outcomes.reduce((sum, one) => sum + one.failed, 0);
  const passed = outcomes.reduce((sum, one) => sum + one.passed, 0);
  const grave = scans.reduce((sum, scan) => sum + failing(scan).length, 0);
  const good = failed === 0 && grave === 0;
  const words = [
    `${passed} tests passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(grave > 0 ? [`${grave} findings to be fixed`] : []),
  ];
  return [
    `## ${good ? "✅" : "❌"} ${words.join(", ")}`,
    ...(tests.length > 0 ? [testsText(tests)] : []),
    ...(images.length > 0 ? [imagesText(images)] : []),
    ...(scans.length > 0 ? [scansText(scans)] : []),
    ...(bench === undefined ? [] : [benchText(bench, benchOfMain)]),
    "",
  ].join("\n\n");
}

/** Reads what the jobs have left: the files' names say what they are. */
export function readRun(folder: string): Run {
  const files = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  const named = (prefix: string): { name: string; value: unknown }[] =>
    files
      .filter((file) => file.startsWith(prefix) && file.endsWith(".json"))
      .map((file) => ({
        name: basename(file, ".json").slice(prefix.length),
        value: readJson(join(folder, file)),
      }));
  const values = (prefix: string): unknown[] => named(prefix).map(({ value }) => value);
  const bench = values("bench.")[0] as Report | undefined;
  const benchOfMain = values("bench-main.")[0] as Report | undefined;
  return {
    tests: named("tests-").map(({ name, value }) => ({ job: name, outcomes: value as Tests["outcomes"] })),
    images: values("image-") as Image[],
    scans: values("scan-") as Scan[],
    // A run of main measures what others are held against: it has nothing to stand beside.
    bench: bench ?? benchOfMain,
    benchOfMain: bench === undefined ? undefined : benchOfMain,
  };
}

if (import.meta.main)
  await script(() => {
    const text = summaryOf(readRun(artifacts));
    const file = process.env.GITHUB_STEP_SUMMARY;
    if (file === undefined) console.log(text);
    else appendFileSync(file, text);
  });
