import type { Track } from "../api/names.ts";
import { type Conclusion, conclusionOf, reportedAnalysis } from "./analysis/verdict.ts";
import { type Analysis, type Settings, analysesOf } from "./analysis/state.ts";
import { type Cursor, firstCursor, storedCursor, stepsHashOf } from "./cursor.ts";
import { isSettledAt, podRefusalOf } from "./deployment.ts";
import { analysisOf } from "./defaults.ts";
import type { Facts } from "./facts.ts";
import { type Revision, type Tracks, millis } from "./observed.ts";
import { type Progress, progressOf } from "./progress.ts";
import { candidateOf, requestedOf, stableOf } from "./revisions.ts";
import { advance } from "./steps.ts";
import { type Step, stepAt, takesSteps } from "./strategies/strategy.ts";

/** The facts, and where the app's rollout stands according to its revisions. */
export interface RolloutState extends Facts {
  /** The revisions that the API server stores, or those after the decisions. */
  readonly revisions: readonly Revision[];
  /** The revision that the spec asks for; undefined before its first rollout. */
  readonly requested: Revision | undefined;
  /** The revision that was accepted last; a rollback restores it. */
  readonly stable: Revision | undefined;
  /** The revision whose rollout has no outcome yet. */
  readonly candidate: Revision | undefined;
  /** The revision that should run: the candidate if there is one, otherwise the stable revision. */
  readonly target: Revision | undefined;
  /** The track whose Deployment runs the target. */
  readonly track: Track;
  /** Where the candidate stands in its steps; undefined if it takes none. */
  readonly cursor: Cursor | undefined;
  /** The step at the cursor; undefined without a cursor. */
  readonly step: Step | undefined;
  /** The sizes of both tracks that the rollout wants at present. */
  readonly sizes: Tracks<number>;
  readonly progress: Progress;
  /** How the candidate's requests are judged; undefined if they are not. */
  readonly settings: Settings | undefined;
  /** What is known of the candidate's requests; undefined before the first reading. */
  readonly analysis: Analysis | undefined;
  /** What the status tells of it. */
  readonly reported: Analysis | undefined;
  readonly conclusion: Conclusion | undefined;
  /** When the progress deadline passes, ms since 1970. */
  readonly deadlineAtMs: number;
  /** True while the newest restart is not yet in the pod template of the target's Deployment. */
  readonly restarting: boolean;
  /** True if the Deployment runs the target, and all its pods, and no others, are available. */
  readonly complete: boolean;
}

/** A rollout that lasts as long, ms, is worth an event of its start, and its step in the status. */
const longRolloutMs = 10_000;

/** When a rollout has lasted `longRolloutMs`, ms since 1970. */
export const longAtMs = ({ startedAt }: Revision): number => millis(startedAt) + longRolloutMs;

/** Since when a condition in the status is False, ms since 1970; the current time if it isn't. */
export function falseSinceMs({ observed: { app }, nowMs }: Facts, type: "Ready" | "Available"): number {
  const condition = app.status?.conditions?.find((other) => other.type === type);
  return condition?.status === "False" ? millis(condition.lastTransitionTime) : nowMs;
}

/** When a rollout of the app ended last, ms since 1970. The way back from a canary has a deadline of its own. */
const endedAtMs = (revisions: readonly Revision[], nowMs: number): number =>
  Math.max(0, ...revisions.map(({ finishedAt }) => millis(finishedAt)).filter((ms) => ms <= nowMs));

/**
 * The step of a rollout as the candidate's Deployment stores it; the first one if the stored one is of other steps. The hash
 * of the other steps stays until their successors start as another rollout, because promotions name its number.
 */
function startedCursor({ observed, tracks, nowMs }: Facts, candidate: Revision): Cursor {
  const { spec } = observed.app;
  const stored = storedCursor(tracks.candidate.deployment, nowMs);
  const first = firstCursor(spec, candidate, nowMs);
  if (stored?.rollout !== candidate.rollout) return first;
  return stored.stepsHash === stepsHashOf(spec) ? stored : { ...first, stepsHash: stored.stepsHash };
}

/** When a pod last became unready, or 0, ms since 1970; the current time while a pod is missing and about to be created. */
function lostAtMs({ tracks: { candidate }, nowMs }: Facts, size: number): number {
  const { deployment, pods } = candidate;
  if (pods.length < size && podRefusalOf(deployment) === undefined) return nowMs;
  return Math.max(0, ...pods.map((pod) => (pod.ready ? 0 : millis(pod.readinessSince ?? pod.createdAt))));
}

/**
 * Since when a step makes no progress, ms since 1970. Ready is False during all steps, except at 0 replicas: after them, the
 * step gets the whole deadline. While a candidate of another rollout leaves, there is no progress to store.
 */
function stepSinceMs(
  facts: Facts,
  candidate: Revision,
  { progress, sizes }: Pick<RolloutState, "progress" | "sizes">,
): number {
  const { deployment, deployedHash } = facts.tracks.candidate;
  const isOther = storedCursor(deployment, facts.nowMs)?.rollout !== candidate.rollout;
  if (deployment !== undefined && isOther && deployedHash !== candidate.hash)
    return Math.min(facts.nowMs, millis(candidate.startedAt));
  const wasReached = progress.stored.best >= sizes.candidate;
  const sinceMs = Math.max(progress.atMs, falseSinceMs(facts, "Ready"));
  return wasReached ? Math.max(sinceMs, lostAtMs(facts, sizes.candidate)) : sinceMs;
}

/** Where the rollout stands at a step; the stored one unless another one is given. */
function stateAt(facts: Facts, revisions: readonly Revision[], next?: Cursor): RolloutState {
  const { observed, tracks } = facts;
  const { spec } = observed.app;
  const stable = stableOf(revisions);
  const candidate = candidateOf(revisions);
  const target = candidate ?? stable;
  const hasSteps = candidate !== undefined && stable !== undefined && takesSteps(spec, candidate);
  const cursor = hasSteps ? (next ?? startedCursor(facts, candidate)) : undefined;
  const track = hasSteps ? "candidate" : "stable";
  const step = cursor && stepAt(spec, cursor.index);
  const sizes = step?.sizes ?? { stable: spec.replicas, candidate: 0 };
  const progress = progressOf(facts, { target, track, size: sizes[track], isNewStep: next !== undefined });
  const { deployment, deployedHash, restarting } = tracks[track];
  const isDeployed = target !== undefined && deployedHash === target.hash && !restarting;
  const sinceMs = hasSteps
    ? stepSinceMs(facts, candidate, { progress, sizes })
    : Math.max(progress.atMs, falseSinceMs(facts, "Ready"), endedAtMs(revisions, facts.nowMs));
  const settings = cursor && analysisOf(spec);
  const analyses = settings && analysesOf(observed, cursor.rollout, settings);
  const reported = analyses && reportedAnalysis(analyses.latest, analyses.stored, settings);
  const isReached = hasSteps && progress.available >= sizes.candidate;
  return {
    ...facts,
    revisions,
    requested: requestedOf(spec, revisions),
    stable,
    candidate,
    target,
    track,
    cursor,
    step,
    sizes,
    progress,
    settings,
    analysis: analyses?.latest,
    reported,
    conclusion: reported && settings && conclusionOf(reported, settings),
    deadlineAtMs: isReached ? Infinity : sinceMs + spec.progressDeadlineSeconds * 1000,
    restarting,
    complete:
      track === "stable" &&
      isDeployed &&
      tracks.candidate.deployment === undefined &&
      isSettledAt(deployment, spec.replicas),
  };
}

/** Where the rollout stands if the app has these revisions, after the steps that are done. */
export function rolloutStateOf(facts: Facts, revisions: readonly Revision[]): RolloutState {
  const state = stateAt(facts, revisions);
  const next = advance(state);
  return next === state.cursor ? state : stateAt(facts, revisions, next);
}
