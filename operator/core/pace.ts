import type { Track } from "../api/names.ts";
import { type RollingUpdate, rollingUpdateOf } from "./defaults.ts";
import { isProcessed } from "./deployment.ts";
import type { TrackFacts } from "./facts.ts";
import type { Revision, Tracks } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";
import type { Goal, Load } from "./strategies/strategy.ts";

/** What the Deployment of a track is to run now, on the way to its goal. */
export interface Pace extends Load {
  /** How many pods the Deployment controller may add and remove while it replaces pods. */
  readonly rollingUpdate: RollingUpdate;
}

/** The next safe step towards a goal. */
export interface Shape extends Omit<Goal, "tracks"> {
  readonly tracks: Tracks<Pace | undefined>;
}

/**
 * The revision that a track's Deployment carries next. A Deployment that was deleted in the middle of a rollout
 * returns with the stable revision; the candidate follows once the Deployment controller has created the stable pods.
 */
function nextRevision(
  goal: Revision,
  { deployment, deployedHash }: TrackFacts,
  stable: Revision | undefined,
) {
  if (stable === undefined) return goal;
  const isCreated = deployment !== undefined && (deployedHash !== stable.hash || isProcessed(deployment));
  return isCreated ? goal : stable;
}

/**
 * True if the Deployment may get more pods. Not in the write that changes its pod template, and not while it runs pods
 * of a rejected revision: the Deployment controller scales the old ReplicaSet first, which would add pods of it.
 */
function mayGrow(next: Revision, { deployedHash, pods }: TrackFacts, state: RolloutState): boolean {
  if (deployedHash !== next.hash || state.restarting) return false;
  const rejected = new Set(
    state.revisions.filter(({ outcome }) => outcome === "rejected").map(({ hash }) => hash),
  );
  return !pods.some(({ hash }) => hash !== next.hash && rejected.has(hash));
}

function paceOf(goal: Load, track: TrackFacts, state: RolloutState): Pace {
  const revision = nextRevision(goal.revision, track, state.stable);
  const { size = goal.size } = track;
  return {
    revision,
    size: goal.size <= size || mayGrow(revision, track, state) ? goal.size : size,
    rollingUpdate: rollingUpdateOf(state.observed.app.spec),
  };
}

/**
 * The next safe step towards a goal: the only place that knows how pods may be added and replaced. Pods are replaced by
 * the Deployment controller, within the `rollingUpdate` that each step carries.
 */
export function pace(goal: Goal, state: RolloutState): Shape {
  const on = (track: Track): Pace | undefined => {
    const load = goal.tracks[track];
    return load && paceOf(load, state.tracks[track], state);
  };
  return { ...goal, tracks: { stable: on("stable"), candidate: on("candidate") } };
}
