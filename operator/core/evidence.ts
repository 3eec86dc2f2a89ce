/** Requests and failures of both tracks between two looks at their counters. */
export interface Look {
  /** Requests of the candidate, and how many of them failed. */
  readonly n: number;
  readonly x: number;
  /** Requests of the stable track, and how many of them failed. */
  readonly m: number;
  readonly y: number;
}

/** What a metric may show. */
export interface Limits {
  /** The largest share of failed requests, above 0 and at most 1. */
  readonly max: number;
  /** How many times the stable track's share of failures the candidate's may be, at least 1. */
  readonly maxRatioToStable: number;
  /** How many metrics are tested: the chance of a wrong verdict is shared among them. */
  readonly metrics: number;
}

/** The evidence of a metric so far. */
export interface Evidence {
  /** Closed looks. */
  readonly looks: number;
  /** Against the candidate: that it is over the limit, by the factors of `worse`. */
  readonly overLimit: readonly number[];
  /** Against the candidate: that it is worse than the stable track, by the factors of `worse`. */
  readonly worseThanStable: readonly number[];
  /** For the candidate: that it is below the limit, by the factors of `better`. */
  readonly belowLimit: readonly number[];
  /** As `belowLimit`, without the looks in which the stable track itself was over the limit. */
  readonly belowLimitAlone: readonly number[];
}

export type EvidenceVerdict = "Passed" | "Failed" | "Undecided";

/** How many times the bound a bad candidate fails is unknown: the test takes the mean over these factors. */
const worse = [1.5, 3, 10, 50] as const;
/** The share of the limit that a good candidate fails. */
const better = [0.5, 0] as const;

const mostAgainst = 10;
const mostFor = 2;
const rejectAt = 100;
const passAt = 20;
/** Evidence against the candidate is capped, so that a candidate that breaks late is found as fast as an early one. */
const capFactor = 4;
/** So is evidence for the candidate, so that its numbers stay finite. No verdict depends on this bound. */
const highest = 1e9;

export const noEvidence: Evidence = {
  looks: 0,
  overLimit: worse.map(() => 0),
  worseThanStable: worse.map(() => 0),
  belowLimit: better.map(() => 1),
  belowLimitAlone: better.map(() => 1),
};

/** `base ** exponent` as a logarithm, with 0 ** 0 = 1. */
const power = (base: number, exponent: number): number => (exponent === 0 ? 0 : exponent * Math.log(base));

/**
 * The likelihood ratio of a share of `factor` times `share` failures to that of `share`: factor^x / (1 + share (factor - 1))^n.
 * Without its first case, a limit of 100 % would make it 0 / 0.
 */
const ratioTo = (share: number, factor: number, { n, x }: Pick<Look, "n" | "x">): number =>
  factor === 0 && x > 0 ? 0 : Math.exp(power(factor, x) - power(1 + share * (factor - 1), n));

/**
 * The likelihood ratio of `factor` times the ratio R of both shares to R itself, given x + y failures: how they fall on
 * both tracks is binomial with the share R w / (R w + 1 - w) for the candidate, where w is its share of the requests.
 */
function ratioToStable(ratio: number, factor: number, { n, x, m, y }: Look): number {
  const w = n / (n + m);
  const shareOf = (times: number): number => (times * w) / (times * w + 1 - w);
  const [worseShare, boundShare] = [shareOf(factor * ratio), shareOf(ratio)];
  return Math.exp(power(worseShare / boundShare, x) + power((1 - worseShare) / (1 - boundShare), y));
}

/** The arithmetic mean of at least one value. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The evidence after one more look. A sequential test that may be looked at as often as one likes: an e-process, whose
 * chance ever to exceed 1/p by chance is at most p (Ville's inequality: arXiv 2011.03567, 2205.14762, 2106.02693). One
 * look counts at most `mostAgainst` times against the candidate and `mostFor` times for it. While the stable track has no
 * ready pod (`isStableDown`), the limit alone decides.
 */
export function withLook(
  before: Evidence,
  look: Look & { readonly isStableDown: boolean },
  { max, maxRatioToStable, metrics }: Limits,
): Evidence {
  const looks = before.looks + 1;
  const cap = capFactor * rejectAt * metrics;
  const against = worse.map((factor) => Math.min(mostAgainst, ratioTo(max, factor, look)));
  const relative = worse.map((factor) =>
    Math.min(mostAgainst, ratioToStable(maxRatioToStable, factor, look)),
  );
  const inFavour = better.map((factor) => Math.min(mostFor, ratioTo(max, factor, look)));
  // Each look starts a new test with the weight 1 / (t (t + 1)), all of which sum up to 1.
  const grown = (values: readonly number[], factors: readonly number[]): readonly number[] =>
    values.map((value, i) => Math.min(cap, (value + 1 / (looks * (looks + 1))) * (factors[i] ?? 1)));
  const multiplied = (values: readonly number[]): readonly number[] =>
    values.map((value, i) => Math.min(highest, value * (inFavour[i] ?? 1)));
  const isStableOver = look.y > max * look.m;
  return {
    looks,
    overLimit: grown(before.overLimit, against),
    worseThanStable: grown(before.worseThanStable, look.isStableDown ? against : relative),
    belowLimit: multiplied(before.belowLimit),
    belowLimitAlone: isStableOver ? before.belowLimitAlone : multiplied(before.belowLimitAlone),
  };
}

/** What the evidence of one metric says. All metrics have to pass; one that fails rejects. */
export function verdictFrom(evidence: Evidence, { metrics }: Pick<Limits, "metrics">): EvidenceVerdict {
  const { overLimit, worseThanStable, belowLimit, belowLimitAlone } = evidence;
  const isAgainst = [overLimit, worseThanStable].every((values) => mean(values) >= rejectAt * metrics);
  if (isAgainst) return "Failed";
  return mean([...belowLimit, ...belowLimitAlone]) >= passAt ? "Passed" : "Undecided";
}
