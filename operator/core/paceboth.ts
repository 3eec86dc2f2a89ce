import type { Traffic, Track } from "../api/names.ts";
import { type RollingUpdate, countOf, mostOf, rollingUpdateOf } from "./defaults.ts";
import { isProcessed, restartedAtOf } from "./deployment.ts";
import { drainedAtMs } from "./drain.ts";
import type { TrackFacts } from "./facts.ts";
import { liveLimits, ownLimits } from "./limits.ts";
import { type Pace, type Shape, lowestSize, mayGrow } from "./pace.ts";
import type { RolloutState } from "./rolloutstate.ts";
import type { Goal, Load } from "./goal.ts";

/** A track in numbers of pods. */
interface Lane {
  readonly size: number;
  /** The most pods that the Deployment has or may create by its present spec. */
  readonly present: number;
  /** The available pods that the Deployment keeps by its present spec. */
  readonly held: number;
  /** Those of them that the Service selects. */
  readonly kept: number;
}

function laneOf(track: Track, { tracks, served }: RolloutState): Lane {
  const facts = tracks[track];
  const { deployment, size = 0, pods, available, isRolling } = facts;
  if (deployment === undefined) return { size: 0, present: pods.length, held: 0, kept: 0 };
  const { surge, unavailable } = liveLimits(facts);
  const isServed = served === "both" || served === track;
  const held = Math.max(0, Math.min(available, isRolling ? size - unavailable : size));
  const present = Math.max(pods.length, size + (isRolling ? surge : 0));
  return { size, present, held, kept: isServed ? held : 0 };
}

/** Both tracks, and the bounds of both together. */
interface Budget {
  readonly lanes: Readonly<Record<Track, Lane>>;
  readonly floor: number;
  readonly most: number;
  /** The limits of each Deployment if both are whole and one serves; undefined if they share the budget pod by pod. */
  readonly ofEach: RollingUpdate | undefined;
}

/** A step of one track, with the budget that earlier steps leave. */
interface Step {
  readonly state: RolloutState;
  readonly budget: Budget;
}

const other = (track: Track): Track => (track === "stable" ? "candidate" : "stable");

/** How many pods may be added now. */
const roomIn = ({ lanes, most }: Budget): number =>
  Math.max(0, most - lanes.stable.present - lanes.candidate.present);

/** How many pods of a track have to stay available, because the other track does not have them. */
const floorOn = (track: Track, { lanes, floor }: Budget): number =>
  Math.max(0, floor - lanes[other(track)].kept);

/**
 * The lowest size of a track, from a desired one on, that leaves the floor of both tracks available. While pods are
 * replaced, the Deployment controller may also take `maxUnavailable` of the pods that are left.
 */
function lowestOn(track: Track, desired: number, { state, budget }: Step): number {
  const facts = state.tracks[track];
  const { surge, unavailable } = liveLimits(facts);
  const floor = floorOn(track, budget);
  const lowest = lowestSize(desired, facts, { ...state, keep: { floor, maxSurge: surge } });
  const needed = Math.min(facts.available, floor);
  if (!facts.isRolling || needed === 0) return lowest;
  return Math.max(lowest, Math.min(facts.size ?? 0, needed + unavailable));
}

/** The budget after a track got another size. */
function resized(budget: Budget, track: Track, size: number): Budget {
  const lane = budget.lanes[track];
  const present = Math.max(lane.present, lane.present - lane.size + size);
  const changed = { size, present, held: Math.min(lane.held, size), kept: Math.min(lane.kept, size) };
  return { ...budget, lanes: { ...budget.lanes, [track]: changed } };
}

/** Absolute limits for Deployments that share a budget: percentages of two Deployments could exceed it. */
function limitsFor({ lanes, floor, most, ofEach }: Budget): RollingUpdate {
  if (ofEach !== undefined) return ofEach;
  const sum = lanes.stable.size + lanes.candidate.size;
  const maxSurge = Math.max(0, most - sum);
  const maxUnavailable = Math.max(maxSurge === 0 ? 1 : 0, sum - floor);
  return { maxSurge, maxUnavailable };
}

/** The limits for replacing a track's pods now; undefined if it has to wait: a limit would be 0 and 0, or break a bound. */
function limitsNow(track: Track, state: RolloutState, budget: Budget): RollingUpdate | undefined {
  const { size } = budget.lanes[track];
  if (budget.ofEach !== undefined && state.served !== other(track)) return budget.ofEach;
  if (budget.ofEach !== undefined) {
    // No pod of the track serves, but clients can still have pods that lost their traffic.
    const isDrained = size === 0 || drainedAtMs(state) <= state.nowMs;
    return isDrained ? { maxSurge: 0, maxUnavailable: Math.max(1, size) } : undefined;
  }
  const { available } = state.tracks[track];
  const { maxSurge, maxUnavailable } = limitsFor(budget);
  const spare = Math.max(0, size - floorOn(track, budget));
  const wanted = Number(maxUnavailable);
  const unavailable = available <= size - wanted ? wanted : Math.min(wanted, spare);
  const surge = Math.min(Number(maxSurge), roomIn(budget));
  return surge + unavailable > 0 || size === 0
    ? { maxSurge: surge, maxUnavailable: Math.max(unavailable, surge === 0 ? 1 : 0) }
    : undefined;
}

/**
 * The traffic that is safe now. It leaves a track once the other one alone holds the floor and has no pods to replace. From
 * both tracks it also leaves one that has no pod any more: that none is available can be an outdated view, and a pod that is
 * not ready gets no traffic anyway. Without a Service, which somebody deleted, the available pods count that it will select.
 */
function trafficOf(goal: Goal, { served, tracks }: RolloutState, { lanes, floor, ofEach }: Budget): Traffic {
  const { traffic } = goal;
  if (traffic === "both" || served === traffic) return traffic;
  const load = goal.tracks[traffic];
  const serving = served === undefined ? tracks[traffic].available : lanes[traffic].held;
  const isWhole = serving >= floor && load !== undefined && !isReplacing(tracks[traffic], load);
  // A Deployment that was replaced without traffic may still lose all its pods at once.
  const isSafe = isWhole && (ofEach === undefined || liveLimits(tracks[traffic]).unavailable === 0);
  const { pods, available } = tracks[other(traffic)];
  const isLost = served === other(traffic) ? available === 0 : pods.length === 0;
  if (isSafe || isLost) return traffic;
  return served ?? (ofEach === undefined ? "both" : other(traffic));
}

/** What happens to a candidate Deployment that no goal needs. */
function leavingOf(state: RolloutState, budget: Budget, traffic: Traffic): Shape["leaving"] {
  const { served, tracks, nowMs } = state;
  const { deployment, size = 0, pods } = tracks.candidate;
  if (deployment === undefined) return undefined;
  // Terminating pods stop by themselves, and can take hours.
  if (size === 0) return pods.length > 0 || !isProcessed(deployment) ? undefined : "deleted";
  if (served === "stable") return nowMs < drainedAtMs(state) ? undefined : { size: 0 };
  // The Service first leaves the pods. Pods that serve alone stay until the Service can leave them.
  if (traffic === "stable" || served === "candidate") return undefined;
  const to = lowestOn("candidate", 0, { state, budget });
  return to < size ? { size: to } : undefined;
}

/** True if the write that brings a track to its load changes the pod template. */
function isReplacing({ deployment, deployedHash, restarting }: TrackFacts, load: Load): boolean {
  return deployment !== undefined && (deployedHash !== load.revision.hash || restarting);
}

/** The next size of a track on the way to its load. */
function nextSize(track: Track, load: Load, { state, budget }: Step): number {
  const facts = state.tracks[track];
  const { size = 0 } = facts;
  if (facts.deployment !== undefined && load.size < size) {
    return lowestOn(track, load.size, { state, budget });
  }
  if (facts.deployment !== undefined && !mayGrow(load.revision, facts, state)) return size;
  return Math.min(load.size, size + roomIn(budget));
}

/**
 * The limits of a Deployment that replaces no pods. They change with its size, or once it has the goal's size: the limits
 * of both Deployments depend on both sizes, and a write for each change of the other one would be superfluous. A manual
 * change of them is reverted.
 */
function settledLimits(track: Track, load: Load, { state, budget }: Step): RollingUpdate {
  const { deployment, size, isRolling } = state.tracks[track];
  const to = budget.lanes[track].size;
  const isAlone = budget.lanes[other(track)].size === 0 || load.size === state.observed.app.spec.replicas;
  const isKept = isRolling || (to === size && (to !== load.size || isAlone) && budget.ofEach === undefined);
  const kept = isKept && deployment !== undefined ? ownLimits(deployment) : undefined;
  return kept ?? limitsFor(budget);
}

/** The next step of one track, and the budget after it. */
function step(track: Track, load: Load, { state, budget, isFree }: Step & { readonly isFree: boolean }) {
  const facts = state.tracks[track];
  const { deployment, size } = facts;
  const restartedAt = isReplacing(facts, load) ? restartedAtOf(deployment) : state.restartedAt;
  if (isReplacing(facts, load)) {
    const limits =
      isFree && !state.tracks[other(track)].isRolling ? limitsNow(track, state, budget) : undefined;
    if (limits !== undefined) {
      const pace = {
        revision: load.revision,
        size: size ?? 0,
        rollingUpdate: limits,
        restartedAt: state.restartedAt,
      };
      const lane = budget.lanes[track];
      const lost = countOf(limits.maxUnavailable, lane.size, "down");
      const present = lane.present + countOf(limits.maxSurge, lane.size, "up");
      const [held, kept] = [Math.max(0, lane.held - lost), Math.max(0, lane.kept - lost)];
      const lanes = { ...budget.lanes, [track]: { ...lane, held, kept, present } };
      return { pace, budget: { ...budget, lanes }, isReplaced: true };
    }
    // Without its template, the Deployment of another revision is left as it is.
    if (facts.deployedHash !== load.revision.hash) return { pace: undefined, budget, isReplaced: false };
  }
  const to = nextSize(track, load, { state, budget });
  const after = resized(budget, track, to);
  const rollingUpdate = settledLimits(track, load, { state, budget: after });
  // If the budget has no room, the Deployment is created with size 0: its annotations store when the deadline began.
  const pace: Pace = { revision: load.revision, size: to, rollingUpdate, restartedAt };
  return { pace, budget: after, isReplaced: false };
}

/**
 * The next safe step of two Deployments on one budget. What grows comes first, and what shrinks takes only pods that the
 * other track has available. One Deployment replaces pods at a time.
 */
export function paceBoth(goal: Goal, state: RolloutState): Shape {
  const { observed, served } = state;
  const { spec } = observed.app;
  const start: Budget = {
    lanes: { stable: laneOf("stable", state), candidate: laneOf("candidate", state) },
    floor: state.floor,
    most: mostOf(spec),
    ofEach: spec.strategy.type === "BlueGreen" ? rollingUpdateOf(spec) : undefined,
  };
  const paces: Partial<Record<Track, Pace | undefined>> = {};
  let budget = start;
  let isFree = true;
  for (const track of ["candidate", "stable"] as const) {
    const load = goal.tracks[track];
    // A Service that will select both tracks does so before the candidate has pods.
    const isUnserved = goal.traffic === "both" && served !== "both" && spec.replicas > 0;
    if (load === undefined || (track === "candidate" && isUnserved)) continue;
    const next = step(track, load, { state, budget, isFree });
    paces[track] = next.pace;
    budget = next.budget;
    isFree &&= !next.isReplaced;
  }
  const traffic = trafficOf(goal, state, budget);
  const leaving = goal.tracks.candidate === undefined ? leavingOf(state, budget, traffic) : undefined;
  return { ...goal, traffic, tracks: { stable: paces.stable, candidate: paces.candidate }, leaving };
}
