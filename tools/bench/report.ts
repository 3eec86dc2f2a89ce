import { type Requests, total } from "./requests.ts";

/** How fast apps became ready, as seen by an outside observer. */
export interface Speed {
  readonly allReadyMs: number;
  /** From the first change until the last app is ready. */
  readonly allChangedMs: number;
  /** From sending a change to seeing the app ready. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the operator used. */
export interface Cost {
  readonly cpuMsPerApp: number;
  readonly writesPerApp: number;
  readonly cpuMsPerChange: number;
  readonly requestsPerChange: number;
  readonly writesPerChange: number;
  readonly byKind: Requests;
  /** Since the operator's start. */
  readonly peakRssMiB: number;
}

export interface Round {
  readonly apps: number;
  readonly changes: number;
  readonly perSecond: number;
  /** Undefined for a number of apps for which the bare column takes too long. */
  readonly bare: Speed | undefined;
  readonly operated: Speed;
  readonly operator: Cost;
}

/** What the operator does while nothing changes. */
export interface Quiet {
  readonly seconds: number;
  readonly cpuMs: number;
  readonly writes: Requests;
}

/** Result of a run; writes exclude the Lease. */
export interface Report {
  readonly rounds: readonly Round[];
  readonly quiet: Quiet;
  readonly restart: {
    readonly readyMs: number;
    readonly readyCpuMs: number;
    /** CPU time until every app was reconciled and the operator was idle. */
    readonly settledCpuMs: number;
    readonly peakRssMiB: number;
    readonly writes: Requests;
  };
}

/** One rollout of each app, all at once, and other apps at rest. */
export interface StrategyRound {
  readonly type: string;
  readonly speed: Speed;
  readonly operator: Cost;
  readonly idle: Quiet;
}

/** Result of a run with `--strategy`; writes exclude the Lease. */
export interface StrategyReport {
  readonly apps: number;
  readonly replicas: number;
  readonly idleApps: number;
  readonly rounds: readonly StrategyRound[];
}

const ratio = ({ operated, bare }: Round, of: keyof Speed): number | undefined =>
  bare && operated[of] / bare[of];

/** Rows of figure, value and upper limit. Lower is better for each. Times of a round that saturates the machine have no target. */
export function targetsOf({
  rounds,
  quiet,
  restart,
}: Report): readonly (readonly [string, number, number])[] {
  const [first] = rounds;
  const last = rounds.at(-1);
  if (first === undefined || last === undefined) return [];
  const timesBare = (of: keyof Speed, figure: string, atMost: number) => {
    const value = ratio(first, of);
    return value === undefined ? [] : [[`${figure}, times bare`, value, atMost] as const];
  };
  return [
    ...timesBare("allReadyMs", "all ready", 1.35),
    ...timesBare("p50Ms", "change to ready p50", 1.25),
    ...timesBare("p99Ms", "change to ready p99", 1.25),
    ["operator CPU per change, ms", first.operator.cpuMsPerChange, 16],
    [`peak RSS at ${last.apps} apps, MiB`, last.operator.peakRssMiB, last.apps > 1000 ? 300 : 130],
    ["CPU of a restart until idle, ms", restart.settledCpuMs, 6000],
    ["writes per app created", first.operator.writesPerApp, 6],
    ["writes per change", first.operator.writesPerChange, 5],
    [`writes in ${quiet.seconds} quiet s`, total(quiet.writes), 0],
    ["writes after a restart", total(restart.writes), 0],
  ];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const rounded = (value: number): string => String(Math.round(value * 100) / 100);

/** A text table: the first column left-aligned, the others right-aligned. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cells = (row: readonly string[]): string[] =>
    widths.map((width, column) => row[column]?.[column === 0 ? "padEnd" : "padStart"](width) ?? "");
  return rows.map((row) => `  ${cells(row).join("   ")}`.trimEnd()).join("\n");
}

const kinds = (requests: Requests): string =>
  Object.entries(requests)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${rounded(count)} ${kind}`)
    .join(", ") || "none";

function roundText(round: Round): string {
  const { apps, changes, perSecond, bare, operated, operator } = round;
  const row = (figure: string, of: keyof Speed): string[] => [
    figure,
    bare === undefined ? "-" : seconds(bare[of]),
    seconds(operated[of]),
    bare === undefined ? "-" : `${ratio(round, of)?.toFixed(2)}x`,
  ];
  return [
    table([
      [`${apps} apps, ${changes} changes at ${perSecond}/s`, "bare", "DemoApp", "ratio"],
      row("all ready", "allReadyMs"),
      row("change to ready, p50", "p50Ms"),
      row("change to ready, p99", "p99Ms"),
    ]),
    `  operator: ${rounded(operator.cpuMsPerChange)} ms CPU per change, ${rounded(operator.cpuMsPerApp)} ms and ${rounded(operator.writesPerApp)} writes per app created, peak RSS ${Math.round(operator.peakRssMiB)} MiB`,
    `  per change: ${rounded(operator.requestsPerChange)} requests, ${rounded(operator.writesPerChange)} writes (${kinds(operator.byKind)})`,
  ].join("\n");
}

/** The report for people. */
export function textOf(report: Report): string {
  const { rounds, quiet, restart } = report;
  const targets = targetsOf(report).map(([figure, value, atMost]) => [
    figure,
    rounded(value),
    `at most ${atMost}`,
    value <= atMost ? "met" : "missed",
  ]);
  return [
    ...rounds.map(roundText),
    [
      `  quiet for ${quiet.seconds} s: ${total(quiet.writes)} writes (${kinds(quiet.writes)})`,
      `  restart: ready after ${seconds(restart.readyMs)} and ${Math.round(restart.readyCpuMs)} ms CPU, idle after ${Math.round(restart.settledCpuMs)} ms CPU;`,
      `           ${total(restart.writes)} writes (${kinds(restart.writes)}), peak RSS ${Math.round(restart.peakRssMiB)} MiB`,
    ].join("\n"),
    table([["figure", "value", "target", ""], ...targets]),
  ].join("\n\n");
}

/** The report about strategies for people: a column for each, and the ratio of the last one to the first. */
export function strategiesText({ apps, replicas, idleApps, rounds }: StrategyReport): string {
  const row = (figure: string, of: (round: StrategyRound) => number, shown = rounded): string[] => {
    const values = rounds.map(of);
    const [first = 0] = values;
    return [figure, ...values.map(shown), first === 0 ? "" : `${((values.at(-1) ?? 0) / first).toFixed(2)}x`];
  };
  const idle = `${idleApps} idle apps in ${rounds[0]?.idle.seconds} s`;
  const rows = [
    row("all Healthy", ({ speed }) => speed.allChangedMs, seconds),
    row("change to Healthy, p50", ({ speed }) => speed.p50Ms, seconds),
    row("writes per rollout", ({ operator }) => operator.writesPerChange),
    row("CPU per rollout, ms", ({ operator }) => operator.cpuMsPerChange),
    row("peak RSS, MiB", ({ operator }) => operator.peakRssMiB),
    row(`${idle}: writes`, ({ idle: { writes } }) => total(writes)),
    row(`${idle}: CPU, ms`, ({ idle: { cpuMs } }) => cpuMs),
  ];
  const head = `${apps} apps with ${replicas} replicas, one rollout of each at once`;
  const requests = rounds.map(({ type, operator }) => `  ${type}, per rollout: ${kinds(operator.byKind)}`);
  return [table([[head, ...rounds.map(({ type }) => type), "ratio"], ...rows]), ...requests].join("\n");
}
