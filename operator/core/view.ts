import { annotations, childAnnotations as keys, labels } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import { floorOf, rollingUpdateOf } from "./defaults.ts";
import { availableAtMs } from "./health.ts";
import { type WriteBlocker, holdsOf } from "./writeblockers.ts";
import { type Fields, type Manifest, isFields } from "./manifest.ts";
import { type ObservedApp, type Pod, type Revision, millis } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { restartedAtOf, templateOf } from "./render/deployment.ts";
import { lastGoodOf, wantedOf } from "./revisions.ts";

/** How far the pods of the target revision have come in this step. */
export interface Progress {
  /** Pods of the target that are available now. */
  readonly now: number;
  /** The most pods that were available at once. */
  readonly best: number;
  /** When that was reached, ms since 1970: what the deadline counts from. */
  readonly atMs: number;
  /** What to keep of it on the Deployment. The last pod is not worth a write: the outcome follows at once. */
  readonly noted: { readonly best: number; readonly atMs: number };
  /** `noted` differs from what is on the Deployment. */
  readonly moved: boolean;
}

export interface Counts {
  readonly desired: number;
  readonly replicas: number;
  readonly ready: number;
  readonly updated: number;
  readonly available: number;
}

/** What decisions are made from: the observation, and what follows from it directly. */
export interface View {
  readonly observed: ObservedApp;
  readonly nowMs: number;
  /** The revision that the spec asks for; undefined before its first rollout. */
  readonly wanted: Revision | undefined;
  readonly lastGood: Revision | undefined;
  /** The revision that the Deployment is to carry. */
  readonly target: Revision | undefined;
  /** The hash that the Deployment carries now. */
  readonly deployedHash: string | undefined;
  readonly counts: Counts;
  /** The fewest pods that should be available. */
  readonly floor: number;
  readonly progress: Progress;
  /** When what is missing has been missing for too long, ms since 1970. */
  readonly deadlineAtMs: number;
  /** The Deployment carries the target and all its pods, and only its pods, are available. */
  readonly complete: boolean;
  /** The Deployment has yet to be given the newest restart, or is carrying it out. */
  readonly restarting: boolean;
  /** Why nothing but status may be written; empty if nothing holds it. The first is the one to say. */
  readonly held: readonly WriteBlocker[];
  /** The restart to carry out or carried out, RFC 3339; undefined for none. */
  readonly restartedAt: string | undefined;
  /** A restart asked for at a later time, ms since 1970. */
  readonly restartDueAtMs: number;
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

/** The pods of a Deployment as its controller counts them; of none where it is not there. */
export function countsOf(deployment: Manifest | undefined, desired: number): Counts {
  const status = isFields(deployment?.["status"]) ? deployment["status"] : {};
  return {
    desired,
    replicas: number(status["replicas"]),
    ready: number(status["readyReplicas"]),
    updated: number(status["updatedReplicas"]),
    available: number(status["availableReplicas"]),
  };
}

/** What the API server says when it refuses pods of a Deployment; undefined while it takes them. */
export function refusalOfPods(deployment: Manifest | undefined): string | undefined {
  const status = isFields(deployment?.["status"]) ? deployment["status"] : {};
  const conditions = Array.isArray(status["conditions"]) ? (status["conditions"] as Fields[]) : [];
  const failure = conditions.find(({ type, status: value }) => type === "ReplicaFailure" && value === "True");
  if (failure === undefined) return undefined;
  return typeof failure["message"] === "string" ? failure["message"] : "";
}

/** True if the Deployment controller has seen the Deployment as it is and finished with it. */
export function isSettled(deployment: Manifest): boolean {
  const status = isFields(deployment["status"]) ? deployment["status"] : {};
  const desired = replicasOf(deployment) ?? 0;
  const { replicas, updated, available } = countsOf(deployment, desired);
  const seen = number(status["observedGeneration"]) >= (deployment.metadata.generation ?? Infinity);
  return seen && [replicas, updated, available].every((count) => count === desired);
}

/** True if it is settled with as many pods as the app is to have. */
const isRolledOut = (deployment: Manifest | undefined, desired: number): boolean =>
  deployment !== undefined && replicasOf(deployment) === desired && isSettled(deployment);

const replicasOf = (deployment: Manifest | undefined): number | undefined => {
  const spec = deployment?.["spec"];
  return isFields(spec) ? number(spec["replicas"]) : undefined;
};

/**
 * The progress noted on the Deployment, moved on by what is available now. It starts anew with every rollout
 * number and restart. A change of the replicas starts only the maximum anew: someone who scales often enough
 * must not put the deadline off for ever.
 */
function progressOf(
  o: ObservedApp,
  target: Revision | undefined,
  at: { nowMs: number; available: number; restarting: boolean },
): Progress {
  const noted = o.deployment?.metadata.annotations ?? {};
  const same = target !== undefined && noted[keys.rollout] === String(target.rollout);
  const scaled = replicasOf(o.deployment) !== o.app.spec.replicas;
  const best = Number(noted[keys.best]);
  const atMs = millis(noted[keys.progressAt]);
  // Notes that can't be true (garbled, of the future, of more pods than there are) must not put the deadline off.
  const isPast = atMs > 0 && atMs <= at.nowMs;
  const lost = !Number.isInteger(best) || best < 0 || (best > o.app.spec.replicas && !scaled) || !isPast;
  const now = at.available;
  const anew = !same || lost || at.restarting;
  const moved = anew || scaled || (now > best && now < o.app.spec.replicas);
  const reached = { best: now, atMs: anew || now > best ? at.nowMs : atMs };
  const latest = anew || scaled || now > best ? reached : { best, atMs };
  return { now, ...latest, noted: moved ? reached : { best, atMs }, moved };
}

/** Since when the status says that the app isn't ready, ms since 1970: now, if it doesn't say so yet. */
function unreadySinceMs({ app }: ObservedApp, nowMs: number): number {
  const ready = app.status?.conditions?.find((condition) => condition.type === "Ready");
  return ready?.status === "False" ? millis(ready.lastTransitionTime) : nowMs;
}

/** True if a pod that stays was created at or before the time (RFC 3339): a restart at that time replaces it. */
const hasPodFrom = ({ pods }: ObservedApp, time: string): boolean =>
  pods.some(({ deleting, createdAt }) => !deleting && millis(createdAt) <= millis(time));

/**
 * The newest restart that is due, and the next one to come. A requested time counts only if it is later than the last
 * restart and a pod is at least as old; removing a requested time changes nothing.
 */
function restartOf(o: ObservedApp, nowMs: number): { restartedAt: string | undefined; dueAtMs: number } {
  const done = restartedAtOf(o.deployment);
  const asked = [o.app.spec.restartAt, o.app.annotations[annotations.restartAt]].filter(
    (time): time is string => time !== undefined && isTime(time),
  );
  // What was done comes first: the same time in another spelling is no new restart.
  const due = [
    ...(done === undefined ? [] : [done]),
    ...asked.filter((time) => millis(time) <= nowMs && hasPodFrom(o, time)),
  ];
  const later = asked.map(millis).filter((ms) => ms > nowMs);
  return {
    restartedAt: due.toSorted((a, b) => millis(b) - millis(a))[0],
    dueAtMs: Math.min(Infinity, ...later),
  };
}

/** What is under way, else what was accepted last: nothing else runs, whatever the spec asks for. */
const targetOf = (wanted: Revision | undefined, lastGood: Revision | undefined): Revision | undefined =>
  wanted !== undefined && wanted.outcome === undefined ? wanted : lastGood;

/** Derives the view of an observation at a moment. */
export function viewOf(observed: ObservedApp, nowMs: number): View {
  const { app, deployment, pods } = observed;
  const wanted = wantedOf(observed);
  const lastGood = lastGoodOf(observed.revisions);
  const target = targetOf(wanted, lastGood);
  const minReadyMs = app.spec.minReadySeconds * 1000;
  const own = pods.filter((pod: Pod) => pod.hash === target?.hash);
  const available = own.filter((pod) => availableAtMs(pod, minReadyMs) <= nowMs).length;
  const isTheirs = ownershipOf(app, deployment) === "taken";
  const counts = countsOf(isTheirs ? undefined : deployment, app.spec.replicas);
  const restart = restartOf(observed, nowMs);
  const restarting = restart.restartedAt !== restartedAtOf(deployment);
  const progress = progressOf(observed, target, { nowMs, available, restarting });
  const deployedHash = templateOf(deployment)?.labels?.[labels.hash];
  const current = target !== undefined && deployedHash === target.hash && !restarting;
  const sinceMs = Math.max(progress.atMs, unreadySinceMs(observed, nowMs));
  return {
    observed,
    nowMs,
    wanted,
    lastGood,
    target,
    deployedHash,
    counts,
    floor: floorOf(app.spec.replicas, rollingUpdateOf(app.spec)),
    progress,
    deadlineAtMs: sinceMs + app.spec.progressDeadlineSeconds * 1000,
    complete: current && isRolledOut(deployment, app.spec.replicas),
    restarting,
    held: holdsOf(observed),
    restartedAt: restart.restartedAt,
    restartDueAtMs: restart.dueAtMs,
  };
}
