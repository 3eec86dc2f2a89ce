import {
  type Traffic,
  type Track,
  annotations,
  childAnnotations,
  labels,
  tracks,
  trafficSelector,
} from "../api/names.ts";
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
import { availableAtMs } from "./health.ts";
import { type Manifest, fieldsOf } from "./manifest.ts";
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
  /** How many of the pods are available, of any template. */
  readonly available: number;
  /** True while the Deployment controller replaces pods of another template or of an earlier restart. */
  readonly isRolling: boolean;
  /** `restartsOf` the pod template with the newest restart. Pods with another value are replaced. */
  readonly restarts: string;
  /** True while the newest restart is not yet in the Deployment's pod template. */
  readonly restarting: boolean;
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
  /** The pods that the live Service selects; undefined without a Service, or if it selects others. */
  readonly served: Traffic | undefined;
}

/** The revision that a Deployment's pod template names, unless the template differs from the revision's. */
function deployedHashOf({ revisions }: ObservedApp, deployment: Manifest | undefined): string | undefined {
  const hash = templateMetadataOf(deployment)?.labels?.[labels.hash];
  const template = revisions.find((revision) => revision.hash === hash)?.template;
  const isEdited = deployment && template && isTemplateEdited(deployment, template);
  return isEdited === true ? undefined : hash;
}

/** The Deployment of a track, unless somebody else owns the object of its name. */
function ownDeployment({ app, deployments }: ObservedApp, track: Track): Manifest | undefined {
  const live = deployments[track];
  return ownershipOf(app, live) === "taken" ? undefined : live;
}

interface Moment {
  readonly restartedAt: string | undefined;
  readonly nowMs: number;
}

function trackFacts(observed: ObservedApp, track: Track, { restartedAt, nowMs }: Moment): TrackFacts {
  const deployment = ownDeployment(observed, track);
  const pods = observed.pods.filter((pod) => pod.track === track && !pod.deleting);
  const live = templateMetadataOf(deployment);
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  const own = restartedAt === undefined ? {} : { [childAnnotations.restartedAt]: restartedAt };
  const liveRestarts = restartsOf(live?.annotations);
  return {
    deployment,
    deployedHash: deployedHashOf(observed, deployment),
    size: replicasOf(deployment),
    pods,
    available: pods.filter((pod) => availableAtMs(pod, minReadyMs) <= nowMs).length,
    isRolling: pods.some((pod) => pod.hash !== live?.labels?.[labels.hash] || pod.restarts !== liveRestarts),
    restarts: restartsOf({ ...live?.annotations, ...own }),
    restarting: restartedAt !== restartedAtOf(deployment),
  };
}

const traffics: readonly Traffic[] = ["stable", "candidate", "both"];

/** The pods that the live Service selects. */
function servedBy({ app, service }: ObservedApp): Traffic | undefined {
  const selector = fieldsOf(fieldsOf(service?.["spec"])["selector"]);
  const own = traffics.map((traffic) => ({ traffic, labels: trafficSelector(app.name, traffic) }));
  return own.find(
    ({ labels: wanted }) =>
      Object.keys(selector).length === Object.keys(wanted).length &&
      Object.entries(wanted).every(([key, value]) => selector[key] === value),
  )?.traffic;
}

/** True if a pod that is not terminating was created at or before a time (RFC 3339): a restart replaces it. */
const hasPodFrom = ({ pods }: ObservedApp, time: string): boolean =>
  pods.some(({ deleting, createdAt }) => !deleting && millis(createdAt) <= millis(time));

/**
 * The newest restart that is due, and when the next one is due. A requested time counts only if it is later than the
 * last restart and a pod is at least as old; removing a requested time changes nothing.
 */
function restartFacts(observed: ObservedApp, nowMs: number) {
  const { app } = observed;
  const completed = tracks.flatMap((track) => restartedAtOf(ownDeployment(observed, track)) ?? []);
  const requested = [app.spec.restartAt, app.annotations[annotations.restartAt]].filter(
    (time): time is string => time !== undefined && isTime(time),
  );
  // Somebody may have written a time that no restart can have; only a newer restart replaces that text.
  const isCredible = (time: string): boolean => isTime(time) && millis(time) <= nowMs;
  // The completed restart comes first, because the sort is stable: the same time spelt differently is no new restart.
  const due = [
    ...completed.filter(isCredible),
    ...requested.filter((time) => millis(time) <= nowMs && hasPodFrom(observed, time)),
  ];
  const future = requested.map(millis).filter((ms) => ms > nowMs);
  const restartedAt = due.toSorted((a, b) => millis(b) - millis(a))[0] ?? completed[0];
  return { restartedAt, restartDueAtMs: Math.min(Infinity, ...future) };
}

export function factsOf(observed: ObservedApp, nowMs: number): Facts {
  const { spec } = observed.app;
  const restart = restartFacts(observed, nowMs);
  const moment = { restartedAt: restart.restartedAt, nowMs };
  const both = {
    stable: trackFacts(observed, "stable", moment),
    candidate: trackFacts(observed, "candidate", moment),
  };
  return {
    observed,
    nowMs,
    tracks: both,
    counts: countsOf([both.stable.deployment, both.candidate.deployment], spec.replicas),
    floor: floorOf(spec.replicas, rollingUpdateOf(spec)),
    ...restart,
    served: servedBy(observed),
  };
}
