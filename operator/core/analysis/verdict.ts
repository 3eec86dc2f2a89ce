import { type EvidenceVerdict, type Limits, verdictFrom, withLook } from "../evidence.ts";
import { lookMs } from "./pods.ts";
import { remembered } from "../memo.ts";
import {
  type Analysis,
  type Counted,
  type MetricName,
  type MetricState,
  type MetricTexts,
  type Settings,
  limitsOf,
  metricNames,
  noState,
} from "./state.ts";

/** What speaks for and against a candidate. */
export interface Conclusion {
  readonly verdict: EvidenceVerdict;
  /** The metric that the verdict is about: the one that failed, or the first one that is undecided. */
  readonly metric: MetricName;
  /** The numbers: "13 of 128 requests failed (10 %; stable 0.1 %, limit 1 %)". */
  readonly message: string;
}

/** A share in percent with two digits: "10 %", "0.13 %". */
const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
const shareOf = ({ requests, failed }: Counted): number => (requests === 0 ? 0 : failed / requests);
/** "5 min" */
const durationText = (ms: number): string =>
  ms < 90_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;

/** What the counted requests did, and how the limit was read. */
interface Words {
  readonly did: string;
  readonly note: string;
}

function wordsOf(name: MetricName, { baselines }: Analysis, { metrics }: Settings): Words {
  if (name === "errors") return { did: "failed", note: "" };
  const above = metrics.latency?.aboveSeconds;
  // Pods that have just started have no bound yet.
  const { bound = above } = baselines.find(({ counters }) => counters?.durations)?.counters?.durations ?? {};
  const note = bound === above ? "" : `; ${bound} s is the next bound of the histogram above ${above} s`;
  return { did: `took more than ${bound} s`, note };
}

function countsText(
  { did, note }: Words,
  { candidate, stable }: MetricState["total"],
  { max }: Limits,
): string {
  if (candidate.requests === 0) return "no request was counted yet";
  const others = stable.requests === 0 ? "" : `stable ${percent(shareOf(stable))}, `;
  const shares = `${percent(shareOf(candidate))}; ${others}limit ${percent(max)}${note}`;
  return `${candidate.failed} of ${candidate.requests} requests ${did} (${shares})`;
}

const mostLooks = 500;

/** How many more looks like the average one until a pass; undefined if they would not pass. */
function looksToPass({ evidence, total }: MetricState, limits: Limits): number | undefined {
  const { looks } = evidence;
  const look = {
    n: total.candidate.requests / looks,
    x: total.candidate.failed / looks,
    m: total.stable.requests / looks,
    y: total.stable.failed / looks,
    isStableDown: false,
  };
  // Equal looks have equal factors: what does not grow at once never does.
  const next = withLook(evidence, look, limits).belowLimit;
  if (next.every((value, i) => value <= (evidence.belowLimit[i] ?? 0))) return undefined;
  let expected = evidence;
  for (let more = 1; more <= mostLooks; more += 1) {
    expected = withLook(expected, look, limits);
    if (verdictFrom(expected, limits) === "Passed") return more;
  }
  return undefined;
}

/** What is missing for a verdict. `ms`: the average time of a look. */
function missingText(
  name: MetricName,
  state: MetricState,
  { ms, ...limits }: Limits & { ms: number },
): string {
  const { candidate, stable } = state.total;
  const share = shareOf(stable);
  if (share > limits.max) return `stable itself is over the limit with ${percent(share)}; raise ${name}.max`;
  const looks = looksToPass(state, limits);
  if (looks === undefined) return `too close to the limit of ${percent(limits.max)} to decide`;
  const requests = Math.ceil((looks * candidate.requests) / state.evidence.looks);
  return `about ${requests} more requests (${durationText(looks * ms)}) needed to show less than ${percent(limits.max)}`;
}

const stateOf = ({ metrics }: Analysis, name: MetricName): MetricState => metrics[name] ?? noState;

const verdictOn = (analysis: Analysis, settings: Settings, name: MetricName): EvidenceVerdict =>
  verdictFrom(stateOf(analysis, name).evidence, limitsOf(settings, name));

function messageOf(analysis: Analysis, settings: Settings, name: MetricName): string {
  const state = stateOf(analysis, name);
  const limits = limitsOf(settings, name);
  const verdict = verdictOn(analysis, settings, name);
  const { looks } = state.evidence;
  const words = wordsOf(name, analysis, settings);
  const counted = countsText(words, verdict === "Failed" ? state.recent : state.total, limits);
  if (verdict !== "Undecided" || looks === 0) return counted;
  // The first request was counted at the end of the first look.
  const ms = (Math.max(0, analysis.atMs - (analysis.sinceMs ?? analysis.atMs)) + lookMs) / looks;
  return `${counted}: ${missingText(name, state, { ...limits, ms })}`;
}

/** The verdict and the message of a metric. A message takes a simulation of looks, so each is made once. */
export const textsOf = remembered(
  (analysis: Analysis, settings: Settings): ((name: MetricName) => MetricTexts) => {
    const texts = new Map(
      metricNames(settings).map((name) => [
        name,
        { verdict: verdictOn(analysis, settings, name), message: messageOf(analysis, settings, name) },
      ]),
    );
    return (name) => {
      const text = texts.get(name);
      if (text === undefined) throw new Error(`the analysis has no metric ${name}`);
      return text;
    };
  },
);

/**
 * The fewest requests per pod of the candidate, as a share of those per stable pod. With fewer, its pods may refuse
 * connections, which no counter shows.
 */
const leastLoad = 0.5;

/** True if the candidate's pods get as many requests as they should. */
function isLoaded({ load: { candidate, stable } }: Analysis): boolean {
  if (stable.requests === 0 || candidate.pods === 0) return true;
  return candidate.requests / candidate.pods >= (leastLoad * stable.requests) / stable.pods;
}

/** The metric that decides, and the verdict. `isLeftOut`: the candidate would pass, but gets too few requests. */
function decisiveOf(analysis: Analysis, settings: Settings) {
  const all = metricNames(settings).map((metric) => ({
    metric,
    verdict: verdictOn(analysis, settings, metric),
  }));
  const decisive =
    all.find(({ verdict }) => verdict === "Failed") ??
    all.find(({ verdict }) => verdict === "Undecided") ??
    all[0];
  if (decisive === undefined) throw new Error("an analysis has at least one metric");
  const isLeftOut = decisive.verdict === "Passed" && !isLoaded(analysis);
  return {
    metric: decisive.metric,
    verdict: isLeftOut ? ("Undecided" as const) : decisive.verdict,
    isLeftOut,
  };
}

function conclude(analysis: Analysis, settings: Settings): Conclusion {
  const { metric, verdict, isLeftOut } = decisiveOf(analysis, settings);
  const { message } = textsOf(analysis, settings)(metric);
  const note =
    ", but its pods get less than half of the requests of a stable pod: the others may fail before they are counted";
  return { metric, verdict, message: isLeftOut ? `${message}${note}` : message };
}

/** What the evidence comes to: one metric that fails rejects, and all have to pass. */
export const conclusionOf = remembered(conclude);

/** How long the status may tell an older state of the analysis while no verdict changes, ms: each write has a cost. */
const writeIntervalMs = 30_000;

/** The analysis that the status and the messages tell: the stored one, unless a verdict has changed or it is too old. */
export function reportedAnalysis(
  latest: Analysis,
  stored: Analysis | undefined,
  settings: Settings,
): Analysis {
  // A former leader's clock may have been ahead.
  if (stored === undefined || Math.abs(latest.atMs - stored.atMs) >= writeIntervalMs) return latest;
  const verdicts = (analysis: Analysis): string => {
    const each = metricNames(settings).map((name) => verdictOn(analysis, settings, name));
    return [...each, decisiveOf(analysis, settings).verdict, analysis.problem?.message].join();
  };
  return verdicts(latest) === verdicts(stored) ? stored : latest;
}
