import type { Track } from "../../api/names.ts";
import { type Look, mean, withLook } from "../evidence.ts";
import { type Tracks, timestamp } from "../observed.ts";
import { type FollowedPod, type Readings, commonBounds, countsOf, follow, sum } from "./deltas.ts";
import { type Measuring, isStableDown, restartsOf, startedMs } from "./pods.ts";
import {
  type Analysis,
  type Baseline,
  type Counted,
  type MetricName,
  type MetricState,
  type Problem,
  type Settings,
  limitsOf,
  metricNames,
  noRequests,
  noState,
} from "./state.ts";

/** The fewest requests of each track in a look. */
const fewest = 5;
/** Time after which ready pods without requests are reported, ms. */
const quietMs = 60_000;

const added = (a: Tracks<Counted>, b: Tracks<Counted>): Tracks<Counted> => ({
  stable: sum([a.stable, b.stable]),
  candidate: sum([a.candidate, b.candidate]),
});

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
  const look = { ...lookOf(counts), isStableDown: isAlone };
  const evidence = withLook(before.evidence, look, limitsOf(settings, name));
  // Without evidence against the candidate, the failures up to now explain no later rejection.
  const isSuspected = mean(evidence.overLimit) >= 1;
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
  return followed.map(({ pod, base, earlier, counters, deltas, ends }): Baseline => {
    const isOpen = base !== undefined && !isClosed;
    const isRead = counters !== undefined && !(isOpen && deltas !== undefined);
    return {
      uid: pod.uid,
      track: pod.track,
      startedMs: startedMs(pod),
      // Until the look closes, it counts the abnormal ends from here.
      restarts: isOpen && ends > 0 ? base.restarts : restartsOf(pod),
      atMs: isRead ? nowMs : (base?.atMs ?? nowMs),
      counters: isRead ? counters : earlier,
    };
  });
}

/** Why counters can't be read: the first pod that has a problem, or histograms that can't be compared. */
function problemOf(
  { metrics, counters: { duration } }: Settings,
  followed: readonly FollowedPod[],
  answers: Readings,
): Problem | undefined {
  for (const { pod, hasFallen: fallen } of followed) {
    const reading = answers.readings.get(pod.uid);
    const why = reading !== undefined && "problem" in reading ? reading.problem : undefined;
    const text = fallen ? "a counter has fallen although the container did not restart" : why;
    if (text !== undefined) return { reason: "NoMetrics", message: `pod ${pod.name}: ${text}` };
  }
  if (commonBounds(answers)?.length !== 0) return undefined;
  const message = `the pods' histograms ${duration} have no bound in common from ${metrics.latency?.aboveSeconds} s on`;
  return { reason: "NoMetrics", message };
}

/** Ready pods of a track that nobody sends requests to, or that do not measure how long the requests take. */
function quietOf(
  settings: Settings,
  followed: readonly FollowedPod[],
  { nowMs }: Readings,
): Problem | undefined {
  for (const track of ["candidate", "stable"] as const) {
    const own = followed.filter(({ pod, counters }) => pod.track === track && counters !== undefined);
    const sinceMs = Math.max(...own.map(({ base }) => base?.atMs ?? nowMs));
    if (own.length === 0 || nowMs - sinceMs < quietMs) continue;
    const metric = metricNames(settings).find((name) => countsOf(own, name)[track].requests < fewest);
    if (metric === undefined) continue;
    const version = track === "stable" ? "the stable version" : "the new version";
    const few = `fewer than ${fewest} requests since ${timestamp(sinceMs)}`;
    return metric === "errors"
      ? { reason: "NoTraffic", message: `the pods of ${version} have had ${few}` }
      : {
          reason: "NoMetrics",
          message: `the histograms ${settings.counters.duration} of ${version} have counted ${few}`,
        };
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
  const problem = problemOf(settings, followed, readings);
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
  if (!isClosed) return { ...common, problem: problem ?? quietOf(settings, followed, readings) };
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
