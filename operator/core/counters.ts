import type { Settings } from "./analysis/state.ts";

/** One sample of a text exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
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
  readonly durations?: {
    readonly total: number;
    readonly atMost: Readonly<Record<string, number>>;
    readonly tellsRoutes: boolean;
  };
}

/** Counters, or why there are none: what was looked for and what is there. */
export type Reading = { readonly counters: Counters } | { readonly problem: string };

/** The metrics of which an analysis needs the samples, and the name that a histogram is declared by. */
export const wantedMetrics = ({ counters, metrics }: Settings): ReadonlySet<string> =>
  new Set([
    counters.requests,
    ...(metrics.latency ? [counters.duration, `${counters.duration}_bucket`] : []),
  ]);

/** Most names that a message lists. */
const maxNames = 5;

const listed = (names: ReadonlySet<string>): string => {
  const first = [...names].slice(0, maxNames).map((name) => name.slice(0, 60));
  return names.size === 0 ? "none" : `${first.join(", ")}${names.size > maxNames ? " and others" : ""}`;
};

/** Larger counts are no counts: the status stores sums of them as integers. */
const largest = 1e12;
/** A histogram with more bounds from the limit on is not one of durations. */
const maxBounds = 100;

class Problem extends Error {}

/** Sums the series of a metric by a key as they come: a pod may serve very many of them. */
class Sums<Key> {
  readonly #name: string;
  readonly #ignore: Settings["counters"]["ignore"];
  readonly #keyOf: (labels: Sample["labels"]) => Key;
  readonly #byKey = new Map<Key, number>();
  #isWrong = false;
  /** True if a series has a label of `ignore`. */
  tellsRoutes = false;

  constructor(name: string, { counters }: Settings, keyOf: (labels: Sample["labels"]) => Key) {
    this.#name = name;
    this.#ignore = counters.ignore;
    this.#keyOf = keyOf;
  }

  add({ name, labels, value }: Sample): void {
    if (name !== this.#name) return;
    this.#isWrong ||= !(value >= 0 && value <= largest);
    this.tellsRoutes ||= this.#ignore.some(({ label }) => labels[label] !== undefined);
    if (this.#ignore.some(({ label, values }) => values.includes(labels[label] ?? ""))) return;
    const key = this.#keyOf(labels);
    this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + value);
  }

  /** The sums after the last series. `names`: of all metrics of the pod. */
  result(names: ReadonlySet<string>): ReadonlyMap<Key, number> {
    const name = this.#name;
    // A histogram is declared by the name that its series have before `_bucket`.
    const isDeclared = names.has(name) || names.has(name.replace(/_bucket$/, ""));
    if (!isDeclared) throw new Problem(`metric ${name} is missing; there are ${listed(names)}`);
    if (this.#isWrong) throw new Problem(`metric ${name} has a value that is no count`);
    return this.#byKey;
  }
}

/** What a code means; `none` without one. */
type Result = "ok" | "failed" | "none";

/** Counts requests by their codes. Codes have only letters, digits, `_`, `.` and `|`. */
class Requests {
  readonly #sums: Sums<Result>;
  readonly #settings: Settings["counters"];
  /** Of series without a code. */
  readonly #labels = new Set<string>();

  constructor(settings: Settings) {
    const { requests, codeLabel, errorCodes } = settings.counters;
    const isError = new RegExp(`^(?:${errorCodes})$`);
    this.#settings = settings.counters;
    this.#sums = new Sums(requests, settings, (labels) => {
      const code = labels[codeLabel];
      if (code !== undefined) return isError.test(code) ? "failed" : "ok";
      for (const label of Object.keys(labels)) if (this.#labels.size <= maxNames) this.#labels.add(label);
      return "none";
    });
  }

  add(sample: Sample): void {
    this.#sums.add(sample);
  }

  result(names: ReadonlySet<string>): Pick<Counters, "requests" | "failed" | "tellsRoutes"> {
    const { requests: name, codeLabel } = this.#settings;
    const sums = this.#sums.result(names);
    if (sums.size === 1 && sums.has("none"))
      throw new Problem(`metric ${name} has no label ${codeLabel}; its labels are ${listed(this.#labels)}`);
    const { ok = 0, failed = 0, none = 0 } = Object.fromEntries(sums) as Partial<Record<Result, number>>;
    // Counts are floating-point numbers in the format; requests are whole.
    const requests = Math.round(ok + failed + none);
    return { requests, failed: Math.round(failed), tellsRoutes: this.#sums.tellsRoutes };
  }
}

/** Counts requests by the bounds of a histogram. */
class Durations {
  readonly #sums: Sums<number>;
  readonly #name: string;
  readonly #aboveSeconds: number;
  /** The largest finite bound, in seconds. */
  #largest = -Infinity;
  readonly #bounds = new Set<number>();

  constructor(settings: Settings, aboveSeconds: number) {
    this.#name = `${settings.counters.duration}_bucket`;
    this.#aboveSeconds = aboveSeconds;
    this.#sums = new Sums(this.#name, settings, ({ le = "" }) => {
      const bound = le === "+Inf" ? Infinity : Number(le);
      if (Number.isFinite(bound)) this.#largest = Math.max(this.#largest, bound);
      // One key for all bounds that do not matter.
      if (!(bound >= aboveSeconds)) return Number.NaN;
      if (this.#bounds.size <= maxBounds) this.#bounds.add(bound);
      return this.#bounds.has(bound) ? bound : Number.NaN;
    });
  }

  add(sample: Sample): void {
    this.#sums.add(sample);
  }

  result(names: ReadonlySet<string>): NonNullable<Counters["durations"]> {
    const name = this.#name;
    const sums = this.#sums.result(names);
    if (this.#bounds.size > maxBounds) throw new Problem(`metric ${name} has more than ${maxBounds} bounds`);
    const usable = [...sums].filter(([bound]) => Number.isFinite(bound));
    if (sums.size > 0 && usable.length === 0) {
      const found = Number.isFinite(this.#largest) ? `${this.#largest} s` : "none";
      throw new Problem(
        `metric ${name} has no bound from ${this.#aboveSeconds} s on; the largest is ${found}`,
      );
    }
    const total = sums.get(Infinity);
    if (sums.size > 0 && total === undefined) throw new Problem(`metric ${name} has no bound +Inf`);
    const atMost = Object.fromEntries(usable.map(([bound, count]) => [String(bound), Math.round(count)]));
    return { total: Math.round(total ?? 0), atMost, tellsRoutes: this.#sums.tellsRoutes };
  }
}

/** Reads a pod's counters by the names that the settings give, sample by sample. */
export class PodCounters {
  readonly #requests: Requests;
  readonly #durations: Durations | undefined;

  constructor(settings: Settings) {
    const { latency } = settings.metrics;
    this.#requests = new Requests(settings);
    this.#durations = latency && new Durations(settings, latency.aboveSeconds);
  }

  /** Adds a sample of a metric of `wantedMetrics`. */
  add(sample: Sample): void {
    this.#requests.add(sample);
    this.#durations?.add(sample);
  }

  /**
   * The counters after the last sample. `names`: of all metrics of the pod. A metric that is declared and has no series counts
   * as 0: no request came yet.
   */
  reading(names: ReadonlySet<string>): Reading {
    try {
      const counters = this.#requests.result(names);
      const durations = this.#durations?.result(names);
      return { counters: { ...counters, ...(durations && { durations }) } };
    } catch (error) {
      if (error instanceof Problem) return { problem: error.message };
      throw error;
    }
  }
}
