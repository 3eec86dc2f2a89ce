import { childAnnotations as keys } from "../api/names.ts";
import { isSettledAt, progressedAtMs, replicasOf } from "./deployment.ts";
import type { Facts } from "./facts.ts";
import { availableAtMs } from "./health.ts";
import { type Revision, millis } from "./observed.ts";
import { candidateOf, requestedOf, stableOf } from "./revisions.ts";

/** How many pods of the target revision have become available in this rollout, and when. */
export interface Progress {
  /** Pods of the target that are available now. */
  readonly available: number;
  /** When the number of available pods last reached a new maximum, ms since 1970; the deadline counts from here. */
  readonly atMs: number;
  /**
   * The maximum and its time, as the Deployment's annotations store them. A new maximum is stored at most once per
   * `noteIntervalMs`. The last pod is not stored: the outcome of the rollout is written at once, and a second write would
   * be superfluous.
   */
  readonly stored: { readonly best: number; readonly atMs: number };
  /** When a new maximum that is not stored yet is due to be stored, ms since 1970; Infinity if there is none. */
  readonly dueAtMs: number;
}

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
  readonly progress: Progress;
  /** When the progress deadline passes, ms since 1970. */
  readonly deadlineAtMs: number;
  /** True if the Deployment runs the target, and all its pods, and no others, are available. */
  readonly complete: boolean;
}

/** The pods of the target revision that are available and were started after the newest restart. */
function availableOf({ observed, tracks, restarts, nowMs }: Facts, target: Revision | undefined): number {
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  const isUpdated = (pod: { hash: string; restarts: string }): boolean =>
    pod.hash === target?.hash && pod.restarts === restarts;
  return tracks.stable.pods.filter((pod) => isUpdated(pod) && availableAtMs(pod, minReadyMs) <= nowMs).length;
}

/** How long a new maximum of available pods may wait to be stored, in ms: each note is a write of the Deployment. */
const noteIntervalMs = (progressDeadlineSeconds: number): number =>
  Math.max(10_000, progressDeadlineSeconds * 100);

/**
 * The stored progress, updated with the pods that are available now. A new rollout number or a restart resets the
 * maximum and the time. A scale-up resets only the maximum, and a scale-down limits the maximum to the replicas: otherwise
 * frequent scaling, or flapping pods while a scale-down is delayed, could postpone the deadline for ever.
 *
 * A maximum that waits to be stored counts as reached now. If it is lost before it is stored, it was at most
 * `noteIntervalMs` newer than the stored time. As far as the Deployment controller has counted progress since then, the
 * deadline counts from there, so that it never comes too early.
 */
function progressOf(facts: Facts, target: Revision | undefined): Progress {
  const { observed, nowMs, restarts, tracks } = facts;
  const { replicas, progressDeadlineSeconds } = observed.app.spec;
  const { deployment } = tracks.stable;
  const available = availableOf(facts, target);
  const stored = deployment?.metadata.annotations ?? {};
  const isSameRollout = target !== undefined && stored[keys.rollout] === String(target.rollout);
  const isSamePods = (stored[keys.progressRestarts] ?? "") === restarts;
  const size = replicasOf(deployment);
  const isScaledUp = size !== undefined && size < replicas;
  const best = Number(stored[keys.best]);
  const atMs = millis(stored[keys.progressAt]);
  // A stored value that can't be true (garbled, in the future, above the replicas) must not postpone the deadline.
  const isPast = atMs > 0 && atMs <= nowMs;
  const isBestValid = Number.isInteger(best) && best >= 0 && (size !== replicas || best <= replicas);
  const isReset = !isSameRollout || !isSamePods || !isBestValid || !isPast;
  const reached = Math.min(available, replicas);
  const limited = Math.min(best, replicas);
  const isNewMaximum = reached > limited;
  const latest = {
    best: isReset || isScaledUp ? reached : Math.max(reached, limited),
    atMs: isReset || isNewMaximum ? nowMs : atMs,
  };
  const dueAtMs = atMs + noteIntervalMs(progressDeadlineSeconds);
  const isToStore = isNewMaximum && reached < replicas;
  const isWorthStoring = isReset || isScaledUp || limited !== best || (isToStore && dueAtMs <= nowMs);
  const maybeLostAtMs = Math.min(progressedAtMs(deployment), dueAtMs, nowMs);
  return {
    available,
    atMs: isReset ? nowMs : Math.max(latest.atMs, maybeLostAtMs),
    stored: isWorthStoring ? latest : { best, atMs },
    dueAtMs: isToStore && !isWorthStoring ? dueAtMs : Infinity,
  };
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

/** Where the rollout stands if the app has these revisions. */
export function rolloutStateOf(facts: Facts, revisions: readonly Revision[]): RolloutState {
  const { observed, tracks, restarting } = facts;
  const { spec } = observed.app;
  const stable = stableOf(revisions);
  const candidate = candidateOf(revisions);
  const target = candidate ?? stable;
  const progress = progressOf(facts, target);
  const sinceMs = Math.max(progress.atMs, falseSinceMs(facts, "Ready"));
  const { deployment, deployedHash } = tracks.stable;
  const isDeployed = target !== undefined && deployedHash === target.hash && !restarting;
  return {
    ...facts,
    revisions,
    requested: requestedOf(spec, revisions),
    stable,
    candidate,
    target,
    progress,
    deadlineAtMs: sinceMs + spec.progressDeadlineSeconds * 1000,
    complete: isDeployed && isSettledAt(deployment, spec.replicas),
  };
}
