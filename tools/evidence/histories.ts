import {
  type Evidence,
  type EvidenceVerdict,
  type Limits,
  noEvidence,
  verdictFrom,
  withLook,
} from "../../operator/core/evidence.ts";
import { seededRandom } from "../random.ts";

type Random = () => number;

/** The share of failed requests of a track at a time, in seconds since the first look. */
type Share = (seconds: number) => number;

/** Requests and failures that a canary's pods would count. */
export interface Situation {
  readonly name: string;
  /** Requests per second of both tracks together. */
  readonly perSecond: number;
  readonly stable: Share;
  readonly candidate: Share;
  /** How long the rollout lasts. */
  readonly seconds: number;
  /** When the candidate breaks: times count from here, and a pass before does not end the rollout. */
  readonly breaksAtSeconds?: number;
  /** In some looks, several requests fail at once: the share of such looks, on which tracks, and if on both at a time. */
  readonly bursts?: {
    readonly share: number;
    readonly on: readonly ("candidate" | "stable")[];
    readonly together?: boolean;
  };
}

/** What became of many histories of a situation; times in seconds. */
export interface Result {
  readonly name: string;
  readonly rejected: number;
  readonly passed: number;
  readonly medianSeconds: number | undefined;
  readonly p95Seconds: number | undefined;
}

const limits: Limits = { max: 0.01, maxRatioToStable: 2, metrics: 1 };
const lookSeconds = 10;
const fewest = 5;
const burst = 8;

/** A normal deviate (Box and Muller). */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** The number of successes in `n` trials with the chance `p` each. Above 30 expected successes and failures: approximated. */
function binomial(random: Random, n: number, p: number): number {
  const mean = n * p;
  if (mean > 30 && n - mean > 30)
    return Math.min(n, Math.max(0, Math.round(mean + Math.sqrt(mean * (1 - p)) * normal(random))));
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  if (p === 0) return 0;
  // The number of trials until the next success has a geometric distribution.
  let count = 0;
  for (let at = 0; ; count += 1) {
    at += 1 + Math.floor(Math.log(1 - random()) / Math.log(1 - p));
    if (at > n) return count;
  }
}

/** The number of events in a time in which `mean` events are expected, approximated by many trials with a small chance. */
const poisson = (random: Random, mean: number): number => binomial(random, Math.ceil(mean * 50), 1 / 50);

/** The candidate's share of the requests: 10 % for 2 minutes, then half. */
const weightAt = (seconds: number): number => (seconds <= 120 ? 0.1 : 0.5);

interface Outcome {
  readonly verdict: EvidenceVerdict;
  readonly seconds: number;
}

function history(random: Random, situation: Situation): Outcome {
  const { perSecond, seconds, breaksAtSeconds, bursts } = situation;
  let evidence: Evidence = noEvidence;
  let [n, x, m, y] = [0, 0, 0, 0];
  let passedAt: number | undefined;
  for (let now = lookSeconds; now <= seconds; now += lookSeconds) {
    const requests = poisson(random, perSecond * lookSeconds);
    const own = binomial(random, requests, weightAt(now));
    n += own;
    m += requests - own;
    x += binomial(random, own, situation.candidate(now));
    y += binomial(random, requests - own, situation.stable(now));
    const together = random() < (bursts?.share ?? 0);
    const isBurst = (on: "candidate" | "stable"): boolean =>
      bursts?.on.includes(on) === true && (bursts.together === true ? together : random() < bursts.share);
    if (isBurst("candidate")) [n, x] = [n + burst, x + burst];
    if (isBurst("stable")) [m, y] = [m + burst, y + burst];
    if (n < fewest || m < fewest) continue;
    evidence = withLook(evidence, { n, x, m, y, isStableDown: false }, limits);
    [n, x, m, y] = [0, 0, 0, 0];
    const verdict = verdictFrom(evidence, limits);
    if (verdict === "Failed") return { verdict, seconds: now - (breaksAtSeconds ?? 0) };
    if (verdict === "Passed" && breaksAtSeconds === undefined) return { verdict, seconds: now };
    if (verdict === "Passed") passedAt ??= now;
  }
  return { verdict: passedAt === undefined ? "Undecided" : "Passed", seconds: passedAt ?? Infinity };
}

/** Simulates rollouts of a situation. The random numbers have a fixed seed, so that each run gives the same result. */
export function run(situation: Situation, histories: number): Result {
  const random = seededRandom(1);
  const outcomes = Array.from({ length: histories }, () => history(random, situation));
  const share = (wanted: EvidenceVerdict): number =>
    outcomes.filter(({ verdict }) => verdict === wanted).length / histories;
  const decided = outcomes.filter(({ verdict }) => verdict !== "Undecided").map(({ seconds }) => seconds);
  const sorted = decided.toSorted((a, b) => a - b);
  const at = (rank: number): number | undefined => sorted[Math.floor(sorted.length * rank)];
  const [rejected, passed] = [share("Failed"), share("Passed")];
  return { name: situation.name, rejected, passed, medianSeconds: at(0.5), p95Seconds: at(0.95) };
}
