import type { Settings } from "./analysis/state.ts";

/** One sample of a text exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a pod serves: the samples of the metrics of `wantedMetrics`, and the names of all its metrics. */
export interface Served {
  readonly samples: readonly Sample[];
  readonly names: ReadonlySet<string>;
}

/** What one pod has counted since its container started. */
export interface Counters {
  readonly requests: number;
  readonly failed: number;
  /** True if a series has a label of `ignore`: probes and scrapes are told apart by the label. */
  readonly tellsRoutes: boolean;
  /**
   * All requests of the histogram, and how many of them took at most as long as each finite bound, in seconds, that is not
   * below the limit; undefined if latency is not judged.
   */
  readonly durations?: { readonly total: number; readonly atMost: Readonly<Record<string, number>> };
}

/** Counters, or why there are none: what was looked for and what is there. */
export type Reading = { readonly counters: Counters } | { readonly problem: string };

/** The metrics of which an analysis needs the samples. */
export const wantedMetrics = ({ counters, metrics }: Settings): ReadonlySet<string> =>
  new Set([counters.requests, ...(metrics.latency ? [`${counters.duration}_bucket`] : [])]);

/** Most names that a message lists. */
const maxNames = 5;

const listed = (names: readonly string[]): string => {
  const first = names.slice(0, maxNames).map((name) => name.slice(0, 60));
  const more = names.length > maxNames ? ` and ${names.length - maxNames} others` : "";
  return names.length === 0 ? "none" : `${first.join(", ")}${more}`;
};

/** The names of labels of series, without repetition. */
const labelsOf = (series: readonly Sample[]): readonly string[] => [
  ...new Set(series.flatMap(({ labels }) => Object.keys(labels))),
];

/** Counts are floating-point numbers in the format; requests are whole. */
const total = (series: readonly Sample[]): number =>
  Math.round(series.reduce((sum, { value }) => sum + value, 0));

/** Larger counts are no counts: the status stores sums of them as integers. */
const largest = 1e12;
const isCount = ({ value }: Sample): boolean => value >= 0 && value <= largest;

class Problem extends Error {}

/** The series of a metric that count. */
function seriesOf(
  name: string,
  { samples, names }: Served,
  { counters: { ignore } }: Settings,
): readonly Sample[] {
  const series = samples.filter((sample) => sample.name === name);
  // A histogram is declared by the name that its series have before `_bucket`.
  const isDeclared = names.has(name) || names.has(name.replace(/_bucket$/, ""));
  if (!isDeclared) throw new Problem(`metric ${name} is missing; there are ${listed([...names])}`);
  const wrong = series.find((sample) => !isCount(sample));
  if (wrong !== undefined) throw new Problem(`metric ${name} has a value that is no count`);
  return series.filter(
    ({ labels }) => !ignore.some(({ label, values }) => values.includes(labels[label] ?? "")),
  );
}

/** A bound of a histogram, in seconds. */
const boundOf = ({ labels: { le = "" } }: Sample): number => (le === "+Inf" ? Infinity : Number(le));

function durationsOf(served: Served, settings: Settings): Counters["durations"] {
  const { latency } = settings.metrics;
  if (latency === undefined) return undefined;
  const name = `${settings.counters.duration}_bucket`;
  const counts = new Map<number, number>();
  for (const sample of seriesOf(name, served, settings))
    counts.set(boundOf(sample), (counts.get(boundOf(sample)) ?? 0) + sample.value);
  const finite = [...counts].filter(([bound]) => Number.isFinite(bound));
  const usable = finite.filter(([bound]) => bound >= latency.aboveSeconds);
  if (counts.size > 0 && usable.length === 0) {
    const largest = finite.length === 0 ? "none" : `${Math.max(...finite.map(([bound]) => bound))} s`;
    throw new Problem(
      `metric ${name} has no bound from ${latency.aboveSeconds} s on; the largest is ${largest}`,
    );
  }
  const atMost = Object.fromEntries(usable.map(([bound, count]) => [String(bound), Math.round(count)]));
  return { total: Math.round(counts.get(Infinity) ?? 0), atMost };
}

/** Reads a pod's counters by the names that the settings give. Codes have only letters, digits, `_`, `.` and `|`. */
function read(served: Served, settings: Settings): Counters {
  const { requests: name, codeLabel, errorCodes, ignore } = settings.counters;
  const series = seriesOf(name, served, settings);
  if (series.length > 0 && !series.some(({ labels }) => labels[codeLabel] !== undefined))
    throw new Problem(`metric ${name} has no label ${codeLabel}; its labels are ${listed(labelsOf(series))}`);
  const isError = new RegExp(`^(?:${errorCodes})$`);
  const failed = series.filter(({ labels }) => isError.test(labels[codeLabel] ?? ""));
  const all = served.samples.filter((sample) => sample.name === name);
  const durations = durationsOf(served, settings);
  return {
    requests: total(series),
    failed: total(failed),
    tellsRoutes: all.some(({ labels }) => ignore.some(({ label }) => labels[label] !== undefined)),
    ...(durations && { durations }),
  };
}

/** The counters of a pod. A metric that is declared and has no series counts as 0: no request came yet. */
export function countersOf(served: Served, settings: Settings): Reading {
  try {
    return { counters: read(served, settings) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message };
    throw error;
  }
}
