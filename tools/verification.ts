/** The parts of `npm run check` and `npm test`. Each part runs a tool and counts passed and failed tests. */
import { spawn } from "node:child_process";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const root = join(import.meta.dirname, "..");

/** Result of one part. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly durationMs: number;
  /** The failed tests of a run of jest, each with the start of its message. */
  readonly failures?: readonly string[];
  /** Output of the tool; empty if the output was shown while the tool ran. */
  readonly output: string;
}

type Result = Omit<Outcome, "name" | "durationMs">;

export interface Part {
  readonly name: string;
  /** Runs the tool and never rejects. `signal` stops the tool, which counts as a failure. */
  readonly run: (signal: AbortSignal) => Promise<Outcome>;
}

interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a tool of node_modules/.bin. With `shown`, its output goes to stderr; otherwise the result has the output. */
function tool(argv: readonly string[], options: ToolOptions): Promise<Ended> {
  const [file = "", ...args] = argv;
  const { shown = false, env = {}, signal } = options;
  const output = shown ? ([2, 2] as const) : (["pipe", "pipe"] as const);
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", ...output],
    signal,
  });
  let kept = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (kept += text));
  return new Promise((resolve) => {
    child.on("error", (error) => (kept += `${argv.join(" ")}: ${error.message}\n`));
    child.on("close", (code) => resolve({ ok: code === 0, output: kept }));
  });
}

interface ToolOptions {
  readonly signal: AbortSignal;
  readonly shown?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

async function timed(name: string, work: () => Promise<Result>) {
  const startedMs = performance.now();
  const result = await work();
  return { name, durationMs: performance.now() - startedMs, ...result };
}

/** A tool that passes or fails as a whole; counts as one test. */
const single = (name: string, ...argv: readonly string[]): Part => ({
  name,
  run: (signal) =>
    timed(name, async () => {
      const { ok, output } = await tool(argv, { signal });
      return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output };
    }),
});

/** Checks that don't run the code. */
export const statics: readonly Part[] = [
  single("types", "tsc", "--noEmit"),
  single("lint", "oxlint", "--type-aware", "--deny-warnings"),
  single("format", "prettier", "--check", "--cache", "."),
  single("unused code", "knip", "--no-progress", "--treat-config-hints-as-errors"),
];

export const tiers = ["unit", "fault", "pipeline", "docker", "api", "cluster", "e2e", "gitops"] as const;
export type Tier = (typeof tiers)[number];

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Test files that could not be loaded. */
  readonly numRuntimeErrorTestSuites: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    /** The test file. */
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Lines of a failed test's message in the summary. */
const maxFailureLines = 20;

const failureText = (file: string, test: string, messages: readonly string[]): string => {
  const lines = stripVTControlCharacters(messages.join("\n")).split("\n").slice(0, maxFailureLines);
  return [`${relative(root, file)}: ${test}`, ...lines.map((line) => `  ${line}`)].join("\n");
};

/** The failed tests of a report, and the test files that failed outside their tests. */
const failuresIn = ({ testResults }: JestReport): readonly string[] =>
  testResults
    .filter(({ status }) => status === "failed")
    .flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === "failed");
      if (failed.length === 0) return failureText(name, "failed outside its tests", [message]);
      return failed.map(({ fullName, failureMessages }) => failureText(name, fullName, failureMessages));
    });

/** The counts and failures of a finished run. A run without a report has failed. */
async function countsOf(file: string, ok: boolean): Promise<Omit<Result, "output">> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1 };
  const report = JSON.parse(text) as JestReport;
  // A skipped test counts as failed.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + report.numPendingTests;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !ok ? 1 : failed,
    failures: failuresIn(report),
  };
}

/** E2E files that stop or replace the operator. They run one at a time, on a cluster of their own. */
const exclusive = "test/e2e/exclusive/";

/** The arguments of a tier's jest runs, which run side by side. */
const runsOf = (tier: Tier): readonly (readonly string[])[] =>
  tier === "e2e"
    ? [
        ["--testPathIgnorePatterns", exclusive],
        ["--runInBand", exclusive],
      ]
    : [[]];

/** One run of jest. */
async function jestRun(args: readonly string[], options: ToolOptions): Promise<Result> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-jest-"));
  const report = join(folder.path, "report.json");
  const argv = ["jest", "--reporters=default", "--json", `--outputFile=${report}`, ...args];
  const { ok, output } = await tool(argv, options);
  return { ...(await countsOf(report, ok)), output };
}

/** The jest tests of a tier. */
export const jestTier = (tier: Tier, shown: boolean): Part => ({
  name: tier,
  run: (signal) =>
    timed(tier, async () => {
      // A dumb terminal: the progress lines of two runs would overwrite each other.
      const options = { signal, shown, env: { TIER: tier, TERM: "dumb" } };
      const results = await Promise.all(runsOf(tier).map((args) => jestRun(args, options)));
      const output = results.map((result) => result.output).join("");
      const failures = results.flatMap((result) => result.failures ?? []);
      return { passed: sum(results, "passed"), failed: sum(results, "failed"), failures, output };
    }),
});

/** Display line with the part's name, counts and duration. */
export function lineOf({ name, passed, failed, durationMs }: Outcome): string {
  const counts = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} FAILED`;
  const seconds = `${(durationMs / 1000).toFixed(1)}s`;
  return `  ${failed === 0 ? "✓" : "✗"} ${name.padEnd(16)} ${counts.padEnd(24)} ${seconds.padStart(8)}`;
}

export const sum = (results: readonly Result[], count: "passed" | "failed"): number =>
  results.reduce((total, result) => total + result[count], 0);
