import { type Track, childAnnotations as keys } from "../api/names.ts";
import { progressedAtMs, replicasOf } from "./deployment.ts";
import type { Facts } from "./facts.ts";
import { availableAtMs } from "./health.ts";
import { type Revision, millis } from "./observed.ts";

/** What is rolled out, and where. */
interface Rolled {
  readonly target: Revision | undefined;
  readonly track: Track;
  /** How many pods of the target the rollout wants at present. */
  readonly size: number;
  /** True if a step begins now. */
  readonly isNewStep: boolean;
}

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
  /** True if pods are due to be added to a candidate of which all pods were available: the deadline then starts anew. */
  readonly isGrowing: boolean;
  /** When a new maximum that is not stored yet is due to be stored, ms since 1970; Infinity if there is none. */
  readonly dueAtMs: number;
}

/** The pods of the target revision that are available and were started after the newest restart. */
function availableOf({ observed, tracks, nowMs }: Facts, { target, track }: Rolled): number {
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  const isUpdated = (pod: { hash: string; restarts: string }): boolean =>
    pod.hash === target?.hash && pod.restarts === tracks[track].restarts;
  return tracks[track].pods.filter((pod) => isUpdated(pod) && availableAtMs(pod, minReadyMs) <= nowMs).length;
}

/** How long a new maximum of available pods may wait to be stored, in ms: each note is a write of the Deployment. */
const noteIntervalMs = (progressDeadlineSeconds: number): number =>
  Math.max(10_000, progressDeadlineSeconds * 100);

/**
 * The stored progress, updated with the pods that are available now. A new rollout number, a restart or a new step resets the
 * maximum and the time. A scale-up resets only the maximum, and a scale-down limits the maximum to the replicas: otherwise
 * frequent scaling, or flapping pods while a scale-down is delayed, could postpone the deadline for ever.
 *
 * A maximum that waits to be stored counts as reached now. If it is lost before it is stored, it was at most
 * `noteIntervalMs` newer than the stored time. As far as the Deployment controller has counted progress since then, the
 * deadline counts from there, so that it never comes too early.
 */
export function progressOf(facts: Facts, rolled: Rolled): Progress {
  const { observed, nowMs, tracks } = facts;
  const { progressDeadlineSeconds } = observed.app.spec;
  const { target, track, size: replicas, isNewStep } = rolled;
  const { deployment, restarts } = tracks[track];
  const available = availableOf(facts, rolled);
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
  const isReset = isNewStep || !isSameRollout || !isSamePods || !isBestValid || !isPast;
  const reached = Math.min(available, replicas);
  const limited = Math.min(best, replicas);
  const isNewMaximum = reached > limited;
  // A canary can wait for days before it grows. While some pods were never available, scaling does not postpone the deadline.
  const isGrowing = track === "candidate" && isScaledUp && size > 0 && best >= size;
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
    atMs: isReset || isGrowing ? nowMs : Math.max(latest.atMs, maybeLostAtMs),
    isGrowing,
    stored: isWorthStoring ? latest : { best, atMs },
    dueAtMs: isToStore && !isWorthStoring ? dueAtMs : Infinity,
  };
}
