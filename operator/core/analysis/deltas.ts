import type { Track } from "../../api/names.ts";
import type { Counters, Reading } from "../counters.ts";
import type { Pod, Tracks } from "../observed.ts";
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
  readonly counters: BaseCounters | undefined;
  readonly deltas: Deltas | undefined;
  /** Abnormal ends of the container since the last look. */
  readonly ends: number;
  readonly hasFallen: boolean;
}

/** The smallest bound that all histograms have, in seconds. The readings leave out those below the limit. */
function commonBound(counters: readonly Counters[]): number | undefined {
  const [first, ...others] = counters.map(({ durations }) =>
    Object.keys(durations?.atMost ?? {}).map(Number),
  );
  const common = (first ?? []).filter((bound) => others.every((bounds) => bounds.includes(bound)));
  return common.length === 0 ? undefined : Math.min(...common);
}

function baseCountersOf({ requests, failed, durations }: Counters, bound: number | undefined): BaseCounters {
  if (durations === undefined || bound === undefined) return { requests, failed };
  const slow = durations.total - (durations.atMost[String(bound)] ?? 0);
  return { requests, failed, durations: { bound, requests: durations.total, slow } };
}

const difference = (now: Counted, before: Counted, own: number): Counted => {
  const failed = now.failed - before.failed;
  return { requests: Math.max(failed, now.requests - before.requests - own), failed };
};

/** Requests of a pod since its baseline. `own`: how many of them the probes and the operator sent. */
function deltasOf(now: BaseCounters, before: BaseCounters | undefined, own: number): Deltas | undefined {
  if (before === undefined || now.durations?.bound !== before.durations?.bound) return undefined;
  const errors = difference(now, before, own);
  if (now.durations === undefined || before.durations === undefined) return { errors };
  const { requests, slow } = now.durations;
  const earlier = { requests: before.durations.requests, failed: before.durations.slow };
  return { errors, latency: difference({ requests, failed: slow }, earlier, own) };
}

const hasFallen = (now: BaseCounters, before: BaseCounters | undefined): boolean =>
  before !== undefined && (now.requests < before.requests || now.failed < before.failed);

export function follow(measuring: Measuring, { pods, readings, nowMs }: Readings): readonly FollowedPod[] {
  const counted = [...readings.values()].flatMap((reading) =>
    "counters" in reading ? [reading.counters] : [],
  );
  const bound = commonBound(counted);
  const before = new Map(measuring.analysis.baselines.map((baseline) => [baseline.uid, baseline]));
  return followedPods(measuring, pods).map((pod): FollowedPod => {
    const base = before.get(pod.uid);
    const reading = readings.get(pod.uid);
    const ends = base === undefined ? 0 : Math.max(0, abnormalEnds(pod) - base.restarts);
    if (reading === undefined || !("counters" in reading))
      return { pod, base, counters: undefined, deltas: undefined, ends, hasFallen: false };
    const counters = baseCountersOf(reading.counters, bound);
    const earlier = base?.startedMs === startedMs(pod) ? base.counters : undefined;
    const seconds = (nowMs - (base?.atMs ?? nowMs)) / 1000;
    const own = reading.counters.tellsRoutes ? 0 : Math.ceil(seconds * measuring.ownPerSecond);
    const fallen = hasFallen(counters, earlier);
    const deltas = fallen ? undefined : deltasOf(counters, earlier, own);
    return { pod, base, counters, deltas, ends, hasFallen: fallen };
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
