import { type Track, annotations, childAnnotations, labels } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import { floorOf, rollingUpdateOf } from "./defaults.ts";
import {
  type Counts,
  countsOf,
  replicasOf,
  restartedAtOf,
  restartsOf,
  templateMetadataOf,
} from "./deployment.ts";
import { isTemplateEdited } from "./diff.ts";
import type { Manifest } from "./manifest.ts";
import { type ObservedApp, type Pod, type Tracks, millis } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";

/** What follows from the Deployment of one track and from the pods that it controls. */
export interface TrackFacts {
  /** The live Deployment, unless somebody else owns an object of its name. */
  readonly deployment: Manifest | undefined;
  /** The revision of the Deployment's pod template; undefined if somebody has changed the template. */
  readonly deployedHash: string | undefined;
  /** `spec.replicas` of the Deployment; undefined if there is none. */
  readonly size: number | undefined;
  /** The pods that are not terminating. */
  readonly pods: readonly Pod[];
}

/** What follows from an observation directly, before any decision. Computed once per plan. */
export interface Facts {
  readonly observed: ObservedApp;
  readonly nowMs: number;
  readonly tracks: Tracks<TrackFacts>;
  /** The pod counts that the Deployments report. */
  readonly counts: Counts;
  /** The fewest pods that should be available. */
  readonly floor: number;
  /** The newest restart that is due or was completed, RFC 3339; undefined for none. */
  readonly restartedAt: string | undefined;
  /** When the next requested restart is due, ms since 1970; Infinity for none. */
  readonly restartDueAtMs: number;
  /** True while the newest restart is not yet in the Deployment's pod template. */
  readonly restarting: boolean;
  /** `restartsOf` the pod template with the newest restart. Pods with another value are replaced. */
  readonly restarts: string;
}

/** The revision that a Deployment's pod template names, unless the template differs from the revision's. */
function deployedHashOf({ revisions }: ObservedApp, deployment: Manifest | undefined): string | undefined {
  const hash = templateMetadataOf(deployment)?.labels?.[labels.hash];
  const template = revisions.find((revision) => revision.hash === hash)?.template;
  const isEdited = deployment && template && isTemplateEdited(deployment, template);
  return isEdited === true ? undefined : hash;
}

function trackFacts(observed: ObservedApp, track: Track): TrackFacts {
  const { app, deployments, pods } = observed;
  const live = deployments[track];
  const deployment = ownershipOf(app, live) === "taken" ? undefined : live;
  return {
    deployment,
    deployedHash: deployedHashOf(observed, deployment),
    size: replicasOf(deployment),
    pods: pods.filter((pod) => pod.track === track && !pod.deleting),
  };
}

/** True if a pod that is not terminating was created at or before a time (RFC 3339): a restart replaces it. */
const hasPodFrom = ({ pods }: ObservedApp, time: string): boolean =>
  pods.some(({ deleting, createdAt }) => !deleting && millis(createdAt) <= millis(time));

/**
 * The newest restart that is due, and when the next one is due. A requested time counts only if it is later than the
 * last restart and a pod is at least as old; removing a requested time changes nothing.
 */
function restartFacts(observed: ObservedApp, deployment: Manifest | undefined, nowMs: number) {
  const { app } = observed;
  const completed = restartedAtOf(deployment);
  const requested = [app.spec.restartAt, app.annotations[annotations.restartAt]].filter(
    (time): time is string => time !== undefined && isTime(time),
  );
  // Somebody may have written a time that no restart can have; only a newer restart replaces that text.
  const isCredible = completed !== undefined && isTime(completed) && millis(completed) <= nowMs;
  // The completed restart comes first, because the sort is stable: the same time spelt differently is no new restart.
  const due = [
    ...(isCredible ? [completed] : []),
    ...requested.filter((time) => millis(time) <= nowMs && hasPodFrom(observed, time)),
  ];
  const future = requested.map(millis).filter((ms) => ms > nowMs);
  const restartedAt = due.toSorted((a, b) => millis(b) - millis(a))[0] ?? completed;
  const live = templateMetadataOf(deployment)?.annotations;
  const own = restartedAt === undefined ? {} : { [childAnnotations.restartedAt]: restartedAt };
  return {
    restartedAt,
    restartDueAtMs: Math.min(Infinity, ...future),
    restarting: restartedAt !== completed,
    restarts: restartsOf({ ...live, ...own }),
  };
}

export function factsOf(observed: ObservedApp, nowMs: number): Facts {
  const { spec } = observed.app;
  const tracks = { stable: trackFacts(observed, "stable"), candidate: trackFacts(observed, "candidate") };
  return {
    observed,
    nowMs,
    tracks,
    counts: countsOf([tracks.stable.deployment, tracks.candidate.deployment], spec.replicas),
    floor: floorOf(spec.replicas, rollingUpdateOf(spec)),
    ...restartFacts(observed, tracks.stable.deployment, nowMs),
  };
}
