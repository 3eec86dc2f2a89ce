import type { Track } from "../../api/names.ts";
import type { Counters, Reading } from "../counters.ts";
import { type Pod, type Tracks, millis } from "../observed.ts";
import { type Measuring, abnormalEnds, followedPods, startedMs } from "./pods.ts";
import type { BaseCounters, Baseline, Counted, MetricName } from "./state.ts";

/** What the followed pods answered. */
export interface Readings {
  /** All pods of the app, as seen when the counters were read. */
  readonly pods: readonly Pod[];
  /** By the pod's uid, of each warm pod that is followed. */
  readonly readings: ReadonlyMap<string, Reading>;
  readonly nowMs: number;
}

/** Requests of a pod since the last look, per metric; undefined if the counters can't be compared. */
type Deltas = Partial<Record<MetricName, Counted>>;

/** A pod of a track, and what it has counted. */
export interface FollowedPod {
  readonly pod: Pod;
  readonly base: Baseline | undefined;
  /** The counters of the baseline; undefined if the container has restarted, or the pod has become ready again, since then. */
  readonly earlier: BaseCounters | undefined;
  readonly counters: BaseCounters | undefined;
  readonly deltas: Deltas | undefined;
  /** Abnormal ends of the container since the last look. */
  readonly ends: number;
  readonly hasFallen: boolean;
}

/**
 * The bounds that all histograms have, in seconds; undefined while none has a request. The readings leave out those below the
 * limit.
 */
export function commonBounds({ readings }: Readings): readonly number[] | undefined {
  const [first, ...others] = [...readings.values()]
    .map((reading) => ("counters" in reading ? reading.counters.durations?.atMost : undefined))
    .map((atMost = {}) => Object.keys(atMost).map(Number))
    .filter(({ length }) => length > 0);
  return first?.filter((bound) => others.every((bounds) => bounds.includes(bound)));
}

/** Counters at a bound. A pod may read its buckets one after the other: slow requests do not get fewer by that. */
function baseCountersOf(
  { requests, failed, durations }: Counters,
  bound: number,
  earlier: BaseCounters | undefined,
): BaseCounters {
  if (durations === undefined || bound === Infinity) return { requests, failed };
  const before = earlier?.durations?.bound === bound ? earlier.durations.slow : 0;
  const slow = Math.max(before, durations.total - (durations.atMost[String(bound)] ?? 0));
  return { requests, failed, durations: { bound, requests: durations.total, slow } };
}

const difference = (now: Counted, before: Counted, own: number): Counted => {
  const failed = now.failed - before.failed;
  return { requests: Math.max(failed, now.requests - before.requests - own), failed };
};

/** Requests of a pod since its baseline. `own`: how many of them the probes and the operator sent. */
function deltasOf(
  now: BaseCounters,
  before: BaseCounters,
  own: Record<MetricName, number>,
): Deltas | undefined {
  const errors = difference(now, before, own.errors);
  if (now.durations === undefined) return { errors };
  const { bound, requests, slow } = now.durations;
  // Without a bound, no histogram had a request yet.
  const earlier = before.durations ?? { bound, requests: 0, slow: 0 };
  if (bound !== earlier.bound) return undefined;
  const [latest, first] = [
    { requests, failed: slow },
    { requests: earlier.requests, failed: earlier.slow },
  ];
  return { errors, latency: difference(latest, first, own.latency) };
}

const hasFallen = (now: BaseCounters, before: BaseCounters): boolean =>
  now.requests < before.requests ||
  now.failed < before.failed ||
  (now.durations?.requests ?? 0) < (before.durations?.requests ?? 0);

/**
 * True if a pod's counters can be compared with those of its baseline. The first requests after a pod became ready anew are
 * left out too: those of an outage that ended its readiness would count in a later look than those of other pods.
 */
const isComparable = (pod: Pod, base: Baseline | undefined): boolean =>
  base?.startedMs === startedMs(pod) && millis(pod.readinessSince) <= base.atMs;

export function follow(measuring: Measuring, answers: Readings): readonly FollowedPod[] {
  const { pods, readings, nowMs } = answers;
  const bound = Math.min(...(commonBounds(answers) ?? []));
  const before = new Map(measuring.analysis.baselines.map((baseline) => [baseline.uid, baseline]));
  return followedPods(measuring, pods).map((pod): FollowedPod => {
    const base = before.get(pod.uid);
    const reading = readings.get(pod.uid);
    const ends = base === undefined ? 0 : abnormalEnds(pod, base.restarts);
    const earlier = isComparable(pod, base) ? base?.counters : undefined;
    if (reading === undefined || !("counters" in reading))
      return { pod, base, earlier, counters: undefined, deltas: undefined, ends, hasFallen: false };
    const counters = baseCountersOf(reading.counters, bound, earlier);
    const seconds = Math.max(0, nowMs - (base?.atMs ?? nowMs)) / 1000;
    const untold = Math.ceil(seconds * measuring.ownPerSecond);
    const { tellsRoutes, durations } = reading.counters;
    const own = { errors: tellsRoutes ? 0 : untold, latency: durations?.tellsRoutes ? 0 : untold };
    const fallen = earlier !== undefined && hasFallen(counters, earlier);
    const deltas = fallen || earlier === undefined ? undefined : deltasOf(counters, earlier, own);
    return { pod, base, earlier, counters, deltas, ends, hasFallen: fallen };
  });
}

export const sum = (counts: readonly Counted[]): Counted => ({
  requests: counts.reduce((all, { requests }) => all + requests, 0),
  failed: counts.reduce((all, { failed }) => all + failed, 0),
});

/** Requests of both tracks since the last look. Each abnormal end counts as a failed request: its pod could not count it. */
export function countsOf(followed: readonly FollowedPod[], name: MetricName): Tracks<Counted> {
  const of = (track: Track): Counted => {
    const own = followed.filter(({ pod }) => pod.track === track);
    const ends = name === "errors" ? own.reduce((all, one) => all + one.ends, 0) : 0;
    return sum([...own.flatMap(({ deltas }) => deltas?.[name] ?? []), { requests: ends, failed: ends }]);
  };
  return { stable: of("stable"), candidate: of("candidate") };
}
