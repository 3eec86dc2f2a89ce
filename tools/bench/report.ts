import { type Requests, total } from "./requests.ts";

/** How fast apps became ready, as an observer outside saw it. */
export interface Speed {
  readonly allReadyMs: number;
  /** From sending a change to seeing it ready. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What it cost the operator. */
export interface Cost {
  readonly cpuMsPerApp: number;
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
  readonly bare: Speed;
  readonly operated: Speed;
  readonly operator: Cost;
}

/** What a run measured; writes leave the Lease out. */
export interface Report {
  readonly rounds: readonly Round[];
  readonly quiet: { readonly seconds: number; readonly writes: Requests };
  readonly restart: {
    readonly readyMs: number;
    readonly readyCpuMs: number;
    /** CPU until every app was looked at and nothing was left to do. */
    readonly settledCpuMs: number;
    readonly peakRssMiB: number;
    readonly writes: Requests;
  };
}

/** A figure beside what it should be; in a round that saturates the machine its times are no aim. */
interface Aim {
  readonly what: string;
  readonly is: number;
  readonly atMost: number;
}

const ratio = (round: Round, of: keyof Speed): number => round.operated[of] / round.bare[of];

function aimsOf({ rounds, quiet, restart }: Report): readonly Aim[] {
  const [first] = rounds;
  const last = rounds.at(-1);
  if (first === undefined || last === undefined) return [];
  return [
    { what: "all ready, times bare", is: ratio(first, "allReadyMs"), atMost: 1.25 },
    { what: "change to ready p50, times bare", is: ratio(first, "p50Ms"), atMost: 1.5 },
    { what: "change to ready p99, times bare", is: ratio(first, "p99Ms"), atMost: 1.5 },
    { what: "operator CPU per change, ms", is: first.operator.cpuMsPerChange, atMost: 25 },
    { what: `peak RSS at ${last.apps} apps, MiB`, is: last.operator.peakRssMiB, atMost: 160 },
    { what: "writes per change", is: first.operator.writesPerChange, atMost: 8 },
    { what: `writes in ${quiet.seconds} quiet s`, is: total(quiet.writes), atMost: 0 },
    { what: "writes after a restart", is: total(restart.writes), atMost: 0 },
  ];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const rounded = (value: number): string => String(Math.round(value * 100) / 100);

/** Lines of cells, each column as wide as its widest cell; the first to the left, the rest to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("   ");
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join("\n");
}

const kinds = (requests: Requests): string =>
  Object.entries(requests)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${rounded(count)} ${kind}`)
    .join(", ") || "none";

function roundText(round: Round): string {
  const { apps, changes, perSecond, bare, operated, operator } = round;
  const row = (what: string, of: keyof Speed): string[] => [
    what,
    seconds(bare[of]),
    seconds(operated[of]),
    `${ratio(round, of).toFixed(2)}x`,
  ];
  return [
    table([
      [`${apps} apps, ${changes} changes at ${perSecond}/s`, "bare", "DemoApp", "ratio"],
      row("all ready", "allReadyMs"),
      row("change to ready, p50", "p50Ms"),
      row("change to ready, p99", "p99Ms"),
    ]),
    `  operator: ${rounded(operator.cpuMsPerChange)} ms CPU a change, ${rounded(operator.cpuMsPerApp)} ms an app created, peak RSS ${Math.round(operator.peakRssMiB)} MiB`,
    `  a change: ${rounded(operator.requestsPerChange)} requests, ${rounded(operator.writesPerChange)} writes (${kinds(operator.byKind)})`,
  ].join("\n");
}

/** The report for people. */
export function textOf(report: Report): string {
  const { rounds, quiet, restart } = report;
  const aims = aimsOf(report).map(({ what, is, atMost }) => [
    what,
    rounded(is),
    `at most ${atMost}`,
    is <= atMost ? "ok" : "missed",
  ]);
  return [
    ...rounds.map(roundText),
    [
      `  quiet for ${quiet.seconds} s: ${total(quiet.writes)} writes (${kinds(quiet.writes)})`,
      `  restart: ready after ${seconds(restart.readyMs)} and ${Math.round(restart.readyCpuMs)} ms CPU, at rest after ${Math.round(restart.settledCpuMs)} ms CPU;`,
      `           ${total(restart.writes)} writes (${kinds(restart.writes)}), peak RSS ${Math.round(restart.peakRssMiB)} MiB`,
    ].join("\n"),
    table([["aim", "is", "", ""], ...aims]),
  ].join("\n\n");
}
