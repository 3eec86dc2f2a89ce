import type { Track } from "../../api/names.ts";
import type { DemoAppStatus } from "../../api/schema.ts";
import type { analysisOf } from "../defaults.ts";
import { type Evidence, type Limits, noEvidence } from "../evidence.ts";
import { digestOf } from "../hash.ts";
import { once } from "../memo.ts";
import { cleanText } from "../text.ts";
import { type Observed, type Tracks, millis, timestamp } from "../observed.ts";

/** `spec.analysis` with its defaults. */
export type Settings = NonNullable<ReturnType<typeof analysisOf>>;

/** What a metric counts: failed requests, or slow ones. */
export type MetricName = keyof Settings["metrics"];

/** The metrics of an analysis in a fixed order. */
export const metricNames = ({ metrics }: Settings): readonly MetricName[] =>
  metrics.latency === undefined ? ["errors"] : ["errors", "latency"];

/** The limits of a metric. All metrics share the chance of a wrong verdict. */
export const limitsOf = (settings: Settings, name: MetricName): Limits => ({
  ...(settings.metrics[name] ?? settings.metrics.errors),
  metrics: metricNames(settings).length,
});

/** Requests of a track, and how many of them failed, or were slow. */
export interface Counted {
  readonly requests: number;
  readonly failed: number;
}

export interface MetricState {
  readonly evidence: Evidence;
  /** All requests that were counted. */
  readonly total: Tracks<Counted>;
  /** Those since the evidence against the candidate last began to grow: what a rejection is for. */
  readonly recent: Tracks<Counted>;
}

/** The counters of a pod at a look. */
export interface BaseCounters extends Counted {
  /** The bound above which a request is slow, in seconds, with the requests of the histogram and the slow ones. */
  readonly durations?:
    { readonly bound: number; readonly requests: number; readonly slow: number } | undefined;
}

/** A pod as it was at the end of the last look: the next look counts from here. */
export interface Baseline {
  readonly uid: string;
  readonly track: Track;
  /** When the app's container started, ms since 1970. Its counters started at 0 then. */
  readonly startedMs: number;
  readonly restarts: number;
  /** When the counters were read, ms since 1970. */
  readonly atMs: number;
  /** Undefined while the pod is not ready, or not yet for long enough. */
  readonly counters: BaseCounters | undefined;
}

/** Requests that pods of a track had, and the pods that had them, each summed up over the looks. */
export interface PodRequests {
  readonly requests: number;
  readonly pods: number;
}

export interface Problem {
  readonly reason: "NoTraffic" | "NoMetrics";
  /** What was looked for, and what is there. */
  readonly message: string;
}

/** Everything that is known of the requests of a rollout's candidate. Stored in the status. */
export interface Analysis {
  readonly rollout: number;
  /** Identifies the settings: with others, the evidence starts anew. */
  readonly settings: string;
  /** When the first request was counted, ms since 1970. */
  readonly sinceMs: number | undefined;
  /** When the last look was closed, ms since 1970; before that, when the first counters were read. */
  readonly atMs: number;
  readonly metrics: Readonly<Partial<Record<MetricName, MetricState>>>;
  /** Of the looks in which both tracks served. */
  readonly load: Tracks<PodRequests>;
  readonly baselines: readonly Baseline[];
  readonly problem: Problem | undefined;
}

/** Identifies the settings of an analysis. */
const settingsHash = once((settings: Settings) => digestOf(settings).slice(0, 10));

const none: Counted = { requests: 0, failed: 0 };
export const noRequests: Tracks<Counted> = { stable: none, candidate: none };
export const noState: MetricState = { evidence: noEvidence, total: noRequests, recent: noRequests };

/** How many looks were closed. */
export const looksOf = ({ metrics }: Analysis): number => metrics.errors?.evidence.looks ?? 0;

export const firstAnalysis = (rollout: number, settings: Settings, nowMs: number): Analysis => ({
  rollout,
  settings: settingsHash(settings),
  sinceMs: undefined,
  atMs: nowMs,
  metrics: {},
  load: { stable: { requests: 0, pods: 0 }, candidate: { requests: 0, pods: 0 } },
  baselines: [],
  problem: undefined,
});

/** Numbers as one text. Six digits are enough: a larger error would need thousands of looks. */
const numbersText = (numbers: readonly number[]): string =>
  numbers.map((number) => (Number.isInteger(number) ? String(number) : number.toPrecision(6))).join(" ");

/** The numbers of a text; undefined if somebody has changed it. */
function numbersOf(text: string | undefined, count: number): number[] | undefined {
  const numbers = (text ?? "").split(" ").map(Number);
  const isValid =
    numbers.length === count && numbers.every((number) => Number.isFinite(number) && number >= 0);
  return isValid ? numbers : undefined;
}

const countedOf = ([requests = 0, failed = 0]: readonly number[]): Counted => ({ requests, failed });
const countedText = ({ stable, candidate }: Tracks<Counted>): readonly number[] => [
  stable.requests,
  stable.failed,
  candidate.requests,
  candidate.failed,
];

function metricText({ evidence, recent }: MetricState): string {
  const { looks, overLimit, worseThanStable, belowLimit, belowLimitAlone } = evidence;
  const all = [looks, ...overLimit, ...worseThanStable, ...belowLimit, ...belowLimitAlone];
  return numbersText([...all, ...countedText(recent)]);
}

type Stored = NonNullable<DemoAppStatus["analysis"]>;

function metricOf({ candidate, stable, evidence: text }: Stored["metrics"][number]): MetricState | undefined {
  const numbers = numbersOf(text, 17);
  if (numbers === undefined) return undefined;
  const evidence: Evidence = {
    looks: numbers[0] ?? 0,
    overLimit: numbers.slice(1, 5),
    worseThanStable: numbers.slice(5, 9),
    belowLimit: numbers.slice(9, 11),
    belowLimitAlone: numbers.slice(11, 13),
  };
  const recent = { stable: countedOf(numbers.slice(13, 15)), candidate: countedOf(numbers.slice(15)) };
  return { evidence, total: { stable, candidate }, recent };
}

function baselineText({ restarts, counters }: Baseline): string {
  if (counters === undefined) return numbersText([restarts]);
  const { requests, failed, durations } = counters;
  const more = durations ? [durations.bound, durations.requests, durations.slow] : [];
  return [restarts, requests, failed, ...more].join(" ");
}

function baselineOf({
  uid,
  track,
  startedAt,
  at,
  counters: text,
}: Stored["pods"][number]): Baseline | undefined {
  const [restarts = 0, requests, failed = 0, bound, total = 0, slow = 0] =
    [1, 3, 6].map((count) => numbersOf(text, count)).find((numbers) => numbers !== undefined) ?? [];
  const durations = bound === undefined ? undefined : { bound, requests: total, slow };
  const counters = requests === undefined ? undefined : { requests, failed, durations };
  return { uid, track, restarts, startedMs: millis(startedAt), atMs: millis(at), counters };
}

/** The analysis that a status stores; undefined without one, or if somebody has changed its numbers or times. */
export const storedAnalysis = once((stored: Stored): Analysis | undefined => {
  const metrics = stored.metrics.map((metric) => [metric.name, metricOf(metric)] as const);
  const load = numbersOf(stored.load, 4);
  const times = [stored.at, stored.since, ...stored.pods.flatMap(({ at, startedAt }) => [at, startedAt])];
  const areTimes = times.every((time) => !Number.isNaN(millis(time)));
  if (load === undefined || !areTimes || metrics.some(([, metric]) => metric === undefined)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = load;
  return {
    rollout: stored.rollout,
    settings: stored.settings,
    sinceMs: stored.since === undefined ? undefined : millis(stored.since),
    atMs: millis(stored.at),
    metrics: Object.fromEntries(metrics),
    load: { stable: { requests: a, pods: b }, candidate: { requests: c, pods: d } },
    baselines: stored.pods.flatMap((pod) => baselineOf(pod) ?? []),
    problem: stored.problem && { ...stored.problem, message: cleanText(stored.problem.message, 1024) },
  };
});

/** What is known of a rollout's requests, in this process and in the status; undefined if the evidence has to start. */
export function analysesOf(
  { analysis, app: { status } }: Observed,
  rollout: number,
  settings: Settings,
): { readonly latest: Analysis; readonly stored: Analysis | undefined } | undefined {
  const isValid = (known: Analysis | undefined): boolean =>
    known?.rollout === rollout && known.settings === settingsHash(settings);
  const inStatus = status?.analysis && storedAnalysis(status.analysis);
  const stored = isValid(inStatus) ? inStatus : undefined;
  // A process that has not led for a while has fewer looks than the status. Times of two leaders' clocks can't be compared.
  const isNewer = analysis !== undefined && looksOf(analysis) >= (stored ? looksOf(stored) : 0);
  const latest = isValid(analysis) && isNewer ? analysis : stored;
  return latest && { latest, stored };
}

/** The verdict on a metric and its message, as the status shows them. */
export interface MetricTexts {
  readonly verdict: Stored["metrics"][number]["verdict"];
  readonly message: string;
}

/** Counters that start again and again could sum up to more than an integer of the API has room for. */
const storable = ({ requests, failed }: Counted): Counted => ({
  requests: Math.min(requests, Number.MAX_SAFE_INTEGER),
  failed: Math.min(failed, Number.MAX_SAFE_INTEGER),
});

/** The analysis as a status stores it. */
export function renderAnalysis(analysis: Analysis, textsOf: (name: MetricName) => MetricTexts): Stored {
  const { rollout, settings, sinceMs, atMs, load, baselines, problem } = analysis;
  const metrics = Object.entries(analysis.metrics) as [MetricName, MetricState][];
  return {
    rollout,
    settings,
    ...(sinceMs !== undefined && { since: timestamp(sinceMs) }),
    at: timestamp(atMs),
    metrics: metrics.map(([name, state]) => ({
      name,
      ...textsOf(name),
      candidate: storable(state.total.candidate),
      stable: storable(state.total.stable),
      evidence: metricText(state),
    })),
    load: numbersText([load.stable.requests, load.stable.pods, load.candidate.requests, load.candidate.pods]),
    pods: baselines.map((pod) => ({
      uid: pod.uid,
      track: pod.track,
      startedAt: timestamp(pod.startedMs),
      at: timestamp(pod.atMs),
      counters: baselineText(pod),
    })),
    ...(problem && { problem }),
  };
}
