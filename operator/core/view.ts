import { annotations, childAnnotations as keys, labels } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import type { BlockerDraft } from "./blockerdraft.ts";
import { floorOf, rollingUpdateOf } from "./defaults.ts";
import {
  type Counts,
  countsOf,
  isSettledAt,
  replicasOf,
  restartedAtOf,
  templateMetadataOf,
} from "./deployment.ts";
import { availableAtMs } from "./health.ts";
import { type ObservedApp, type Revision, millis } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { requestedOf, stableOf } from "./revisions.ts";
import { writeBlockersOf } from "./writeblockers.ts";

/** How many pods of the target revision have become available in this rollout, and when. */
export interface Progress {
  /** Pods of the target that are available now. */
  readonly available: number;
  /** When the number of available pods last reached a new maximum, ms since 1970; the deadline counts from here. */
  readonly atMs: number;
  /**
   * The maximum and its time, as the Deployment's annotations store them. The last pod is not stored: the outcome
   * of the rollout is written at once, and a second write would be superfluous.
   */
  readonly stored: { readonly best: number; readonly atMs: number };
}

/** The input of every decision: the observation, and what follows from the observation directly. */
export interface View {
  readonly observed: ObservedApp;
  readonly nowMs: number;
  /** The revision that the spec asks for; undefined before its first rollout. */
  readonly requested: Revision | undefined;
  /** The revision that was accepted last; a rollback restores it. */
  readonly stable: Revision | undefined;
  /** The revision that the Deployment should run: the candidate if there is one, otherwise the stable revision. */
  readonly target: Revision | undefined;
  /** The revision hash in the live Deployment's pod template. */
  readonly deployedHash: string | undefined;
  readonly counts: Counts;
  /** The fewest pods that should be available. */
  readonly floor: number;
  readonly progress: Progress;
  /** When the progress deadline passes, ms since 1970. */
  readonly deadlineAtMs: number;
  /** True if the Deployment runs the target, and all its pods, and no others, are available. */
  readonly complete: boolean;
  /** True while the newest restart is not yet in the Deployment's pod template. */
  readonly restarting: boolean;
  /** Blockers that stop every write except the status. The first one is shown as the app's message. */
  readonly writeBlockers: readonly BlockerDraft[];
  /** The newest restart that is due or was completed, RFC 3339; undefined for none. */
  readonly restartedAt: string | undefined;
  /** When the next requested restart is due, ms since 1970; Infinity for none. */
  readonly restartDueAtMs: number;
}

/**
 * The stored progress, updated with the pods that are available now. A new rollout number or a restart resets the
 * maximum and the time. A change of the replicas resets only the maximum: otherwise frequent scaling could
 * postpone the deadline for ever.
 */
function progressOf(
  observed: ObservedApp,
  target: Revision | undefined,
  current: { nowMs: number; available: number; restarting: boolean },
): Progress {
  const { app, deployment } = observed;
  const { available, nowMs, restarting } = current;
  const stored = deployment?.metadata.annotations ?? {};
  const isSameRollout = target !== undefined && stored[keys.rollout] === String(target.rollout);
  const isScaled = replicasOf(deployment) !== app.spec.replicas;
  const best = Number(stored[keys.best]);
  const atMs = millis(stored[keys.progressAt]);
  // A stored value that can't be true (garbled, in the future, above the replicas) must not postpone the deadline.
  const isPast = atMs > 0 && atMs <= nowMs;
  const isBestValid = Number.isInteger(best) && best >= 0 && (isScaled || best <= app.spec.replicas);
  const isLost = !isBestValid || !isPast;
  const isReset = !isSameRollout || isLost || restarting;
  const isNewMaximum = available > best;
  const latest = { best: available, atMs: isReset || isNewMaximum ? nowMs : atMs };
  const isWorthStoring = isReset || isScaled || (isNewMaximum && available < app.spec.replicas);
  return { available, atMs: latest.atMs, stored: isWorthStoring ? latest : { best, atMs } };
}

/** Since when the status reports the app as not ready, ms since 1970; the current time if it doesn't yet. */
function unreadySinceMs({ app }: ObservedApp, nowMs: number): number {
  const ready = app.status?.conditions?.find((condition) => condition.type === "Ready");
  return ready?.status === "False" ? millis(ready.lastTransitionTime) : nowMs;
}

/** True if a pod that is not terminating was created at or before a time (RFC 3339): a restart replaces it. */
const hasPodFrom = ({ pods }: ObservedApp, time: string): boolean =>
  pods.some(({ deleting, createdAt }) => !deleting && millis(createdAt) <= millis(time));

/**
 * The newest restart that is due, and when the next one is due. A requested time counts only if it is later than the
 * last restart and a pod is at least as old; removing a requested time changes nothing.
 */
function restartOf(
  observed: ObservedApp,
  nowMs: number,
): { restartedAt: string | undefined; dueAtMs: number } {
  const { app, deployment } = observed;
  const completed = restartedAtOf(deployment);
  const requested = [app.spec.restartAt, app.annotations[annotations.restartAt]].filter(
    (time): time is string => time !== undefined && isTime(time),
  );
  // The completed restart comes first, because the sort is stable: the same time spelt differently is no new restart.
  const due = [
    ...(completed === undefined ? [] : [completed]),
    ...requested.filter((time) => millis(time) <= nowMs && hasPodFrom(observed, time)),
  ];
  const future = requested.map(millis).filter((ms) => ms > nowMs);
  return {
    restartedAt: due.toSorted((a, b) => millis(b) - millis(a))[0],
    dueAtMs: Math.min(Infinity, ...future),
  };
}

/** The candidate if there is one, otherwise the stable revision. */
const targetOf = (requested: Revision | undefined, stable: Revision | undefined): Revision | undefined =>
  requested !== undefined && requested.outcome === undefined ? requested : stable;

/** The pods of the target revision that are available now. */
function availableOf({ app, pods }: ObservedApp, target: Revision | undefined, nowMs: number): number {
  const minReadyMs = app.spec.minReadySeconds * 1000;
  return pods.filter((pod) => pod.hash === target?.hash && availableAtMs(pod, minReadyMs) <= nowMs).length;
}

export function viewOf(observed: ObservedApp, nowMs: number): View {
  const { app, deployment } = observed;
  const requested = requestedOf(observed);
  const stable = stableOf(observed.revisions);
  const target = targetOf(requested, stable);
  const available = availableOf(observed, target, nowMs);
  const isForeign = ownershipOf(app, deployment) === "taken";
  const restart = restartOf(observed, nowMs);
  const restarting = restart.restartedAt !== restartedAtOf(deployment);
  const progress = progressOf(observed, target, { nowMs, available, restarting });
  const deployedHash = templateMetadataOf(deployment)?.labels?.[labels.hash];
  const isDeployed = target !== undefined && deployedHash === target.hash && !restarting;
  const sinceMs = Math.max(progress.atMs, unreadySinceMs(observed, nowMs));
  return {
    observed,
    nowMs,
    requested,
    stable,
    target,
    deployedHash,
    counts: countsOf(isForeign ? undefined : deployment, app.spec.replicas),
    floor: floorOf(app.spec.replicas, rollingUpdateOf(app.spec)),
    progress,
    deadlineAtMs: sinceMs + app.spec.progressDeadlineSeconds * 1000,
    complete: isDeployed && isSettledAt(deployment, app.spec.replicas),
    restarting,
    writeBlockers: writeBlockersOf(observed),
    restartedAt: restart.restartedAt,
    restartDueAtMs: restart.dueAtMs,
  };
}
