import type { Track } from "../../api/names.ts";
import type { Counters, Reading } from "../counters.ts";
import { type Look, withLook } from "../evidence.ts";
import { type Pod, type Tracks, timestamp } from "../observed.ts";
import { type Measuring, abnormalEnds, followedPods, isStableDown, startedMs } from "./pods.ts";
import {
  type Analysis,
  type BaseCounters,
  type Baseline,
  type Counted,
  type MetricName,
  type MetricState,
  type Problem,
  metricNames,
  noRequests,
  noState,
} from "./state.ts";

/** What the followed pods answered. */
export interface Readings {
  /** All pods of the app, as seen when the counters were read. */
  readonly pods: readonly Pod[];
  /** By the pod's uid, of each warm pod that is followed. */
  readonly readings: ReadonlyMap<string, Reading>;
  readonly nowMs: number;
}

/** The fewest requests of each track in a look. */
const fewest = 5;
/** Time after which ready pods without requests are reported, ms. */
const quietMs = 60_000;

/** Requests of a pod since the last look, per metric; undefined if the counters can't be compared. */
type Deltas = Partial<Record<MetricName, Counted>>;

interface FollowedPod {
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

function follow(measuring: Measuring, { pods, readings, nowMs }: Readings): readonly FollowedPod[] {
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

const sum = (counts: readonly Counted[]): Counted => ({
  requests: counts.reduce((all, { requests }) => all + requests, 0),
  failed: counts.reduce((all, { failed }) => all + failed, 0),
});

/** Requests of both tracks since the last look. Each abnormal end counts as a failed request: its pod could not count it. */
function countsOf(followed: readonly FollowedPod[], name: MetricName): Tracks<Counted> {
  const of = (track: Track): Counted => {
    const own = followed.filter(({ pod }) => pod.track === track);
    const ends = name === "errors" ? own.reduce((all, one) => all + one.ends, 0) : 0;
    return sum([...own.flatMap(({ deltas }) => deltas?.[name] ?? []), { requests: ends, failed: ends }]);
  };
  return { stable: of("stable"), candidate: of("candidate") };
}

const added = (a: Tracks<Counted>, b: Tracks<Counted>): Tracks<Counted> => ({
  stable: sum([a.stable, b.stable]),
  candidate: sum([a.candidate, b.candidate]),
});

const average = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

const lookOf = ({ stable, candidate }: Tracks<Counted>): Look => ({
  n: candidate.requests,
  x: candidate.failed,
  m: stable.requests,
  y: stable.failed,
});

interface Closed {
  readonly counts: Tracks<Counted>;
  readonly isAlone: boolean;
}

/** A metric after a look was closed. */
function grown(
  { settings, analysis }: Measuring,
  name: MetricName,
  { counts, isAlone }: Closed,
): MetricState {
  const before = analysis.metrics[name] ?? noState;
  const limits = {
    ...(settings.metrics[name] ?? settings.metrics.errors),
    metrics: metricNames(settings).length,
  };
  const evidence = withLook(before.evidence, { ...lookOf(counts), isStableDown: isAlone }, limits);
  // Without evidence against the candidate, the failures up to now explain no later rejection.
  const isSuspected = average(evidence.overLimit) >= 1;
  return {
    evidence,
    total: added(before.total, counts),
    recent: isSuspected ? added(before.recent, counts) : noRequests,
  };
}
/** The pods as the next look compares with them. Until a look closes, it counts from the end of the one before. */
function baselinesOf(
  followed: readonly FollowedPod[],
  nowMs: number,
  isClosed: boolean,
): readonly Baseline[] {
  return followed.map(({ pod, base, counters, deltas }): Baseline => {
    const isOpen = base !== undefined && !isClosed;
    const isRead = counters !== undefined && !(isOpen && deltas !== undefined);
    const kept = base?.startedMs === startedMs(pod) ? base.counters : undefined;
    return {
      uid: pod.uid,
      track: pod.track,
      startedMs: startedMs(pod),
      restarts: isOpen ? base.restarts : Math.max(base?.restarts ?? 0, abnormalEnds(pod)),
      atMs: isRead ? nowMs : (base?.atMs ?? nowMs),
      counters: isRead ? counters : kept,
    };
  });
}

/** Why counters can't be read: the first pod that has a problem. */
function problemOf(followed: readonly FollowedPod[], { readings }: Readings): Problem | undefined {
  for (const { pod, hasFallen: fallen } of followed) {
    const reading = readings.get(pod.uid);
    const why = reading !== undefined && "problem" in reading ? reading.problem : undefined;
    const text = fallen ? "a counter has fallen although the container did not restart" : why;
    if (text !== undefined) return { reason: "NoMetrics", message: `pod ${pod.name}: ${text}` };
  }
  return undefined;
}

/** Ready pods of a track that nobody sends requests to. */
function quietOf(followed: readonly FollowedPod[], { nowMs }: Readings): Problem | undefined {
  for (const track of ["candidate", "stable"] as const) {
    const own = followed.filter(({ pod, counters }) => pod.track === track && counters !== undefined);
    const sinceMs = Math.max(...own.map(({ base }) => base?.atMs ?? nowMs));
    if (own.length === 0 || nowMs - sinceMs < quietMs) continue;
    if (countsOf(own, "errors")[track].requests >= fewest) continue;
    const version = track === "stable" ? "the stable version" : "the new version";
    const message = `the pods of ${version} have had fewer than ${fewest} requests since ${timestamp(sinceMs)}`;
    return { reason: "NoTraffic", message };
  }
  return undefined;
}

/**
 * The analysis after the followed pods of both tracks were read. A look closes once both tracks have enough requests;
 * until then requests add up. If a counter can't be read, nothing is counted, and the next look begins where this one did.
 */
export function withReadings(measuring: Measuring, readings: Readings): Analysis {
  const { analysis, settings } = measuring;
  const { nowMs, pods } = readings;
  const followed = follow(measuring, readings);
  const problem = problemOf(followed, readings);
  if (problem !== undefined && !followed.some((one) => one.hasFallen)) return { ...analysis, problem };
  const isAlone = isStableDown(measuring, pods);
  const counts = metricNames(settings).map((name) => [name, countsOf(followed, name)] as const);
  const isClosed =
    problem === undefined &&
    counts.every(
      ([, { candidate, stable }]) => candidate.requests >= fewest && (isAlone || stable.requests >= fewest),
    );
  const baselines = baselinesOf(followed, nowMs, isClosed);
  const isCounted = counts.some(([, { candidate }]) => candidate.requests > 0);
  const common = { ...analysis, baselines, sinceMs: analysis.sinceMs ?? (isCounted ? nowMs : undefined) };
  if (!isClosed) return { ...common, problem: problem ?? quietOf(followed, readings) };
  const metrics = counts.map(
    ([name, both]) => [name, grown(measuring, name, { counts: both, isAlone })] as const,
  );
  return {
    ...common,
    atMs: nowMs,
    metrics: Object.fromEntries(metrics),
    load: isAlone ? analysis.load : withLoad(analysis.load, followed),
    problem: undefined,
  };
}

function withLoad(load: Analysis["load"], followed: readonly FollowedPod[]): Analysis["load"] {
  const of = (track: Track) => {
    const own = followed.filter(({ pod, deltas }) => pod.track === track && deltas !== undefined);
    const { requests } = sum(own.flatMap(({ deltas }) => deltas?.errors ?? []));
    return { requests: load[track].requests + requests, pods: load[track].pods + own.length };
  };
  return { stable: of("stable"), candidate: of("candidate") };
}
