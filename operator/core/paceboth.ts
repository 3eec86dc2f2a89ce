import type { Traffic, Track } from "../api/names.ts";
import { type RollingUpdate, countOf, mostOf } from "./defaults.ts";
import { isProcessed, restartedAtOf } from "./deployment.ts";
import { isOperator, specFields } from "./claims.ts";
import { drainedAtMs } from "./drain.ts";
import type { TrackFacts } from "./facts.ts";
import { fieldsOf, type Manifest } from "./manifest.ts";
import { type Pace, type Shape, lowestSize, mayGrow } from "./pace.ts";
import type { RolloutState } from "./rolloutstate.ts";
import type { Goal, Load } from "./goal.ts";

/** The limits that a live Deployment has. */
function rollingUpdateIn(deployment: Manifest | undefined): RollingUpdate {
  const { rollingUpdate } = fieldsOf(fieldsOf(deployment?.["spec"])["strategy"]);
  const { maxSurge = 0, maxUnavailable = 0 } = fieldsOf(rollingUpdate) as Partial<RollingUpdate>;
  return { maxSurge, maxUnavailable };
}

/** The limits of a live Deployment; undefined if the operator did not write them. */
function ownLimits(deployment: Manifest): RollingUpdate | undefined {
  const { "f:strategy": strategy = {} } = specFields(deployment.metadata.managedFields?.find(isOperator));
  const { "f:rollingUpdate": own = {} } = strategy;
  return "f:maxSurge" in own && "f:maxUnavailable" in own ? rollingUpdateIn(deployment) : undefined;
}

/** The limits of a live Deployment as numbers of pods. */
function liveLimits({ deployment, size = 0 }: TrackFacts): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = rollingUpdateIn(deployment);
  const surge = countOf(maxSurge, size, "up");
  const unavailable = countOf(maxUnavailable, size, "down");
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** A track in numbers of pods. */
interface Lane {
  readonly size: number;
  /** The most pods that the Deployment has or may create by its present spec. */
  readonly present: number;
  /** The available pods that the Service selects and that the Deployment keeps by its present spec. */
  readonly kept: number;
}

function laneOf(track: Track, { tracks, served }: RolloutState): Lane {
  const facts = tracks[track];
  const { deployment, size = 0, pods, available, isRolling } = facts;
  if (deployment === undefined) return { size: 0, present: pods.length, kept: 0 };
  const { surge, unavailable } = liveLimits(facts);
  const isServed = served === "both" || served === track;
  const least = isRolling ? size - unavailable : size;
  return {
    size,
    present: Math.max(pods.length, size + (isRolling ? surge : 0)),
    kept: isServed ? Math.max(0, Math.min(available, least)) : 0,
  };
}

/** Both tracks, and the bounds of both together. */
interface Budget {
  readonly lanes: Readonly<Record<Track, Lane>>;
  readonly floor: number;
  readonly most: number;
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
  const changed = { size, present, kept: Math.min(lane.kept, size) };
  return { ...budget, lanes: { ...budget.lanes, [track]: changed } };
}

/** Absolute limits for Deployments of these sizes: percentages of two Deployments could exceed the budget. */
function limitsFor({ lanes, floor, most }: Budget): RollingUpdate {
  const sum = lanes.stable.size + lanes.candidate.size;
  const maxSurge = Math.max(0, most - sum);
  const maxUnavailable = Math.max(maxSurge === 0 ? 1 : 0, sum - floor);
  return { maxSurge, maxUnavailable };
}

/** The limits for replacing a track's pods now; undefined if it has to wait: a limit would be 0 and 0, or break a bound. */
function limitsNow(track: Track, state: RolloutState, budget: Budget): RollingUpdate | undefined {
  const { size } = budget.lanes[track];
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
 * The traffic that is safe now. It leaves the candidate once the stable track alone holds the floor and has no pods to
 * replace, or has no pod any more: that none is available can be an outdated view, and a pod that is not ready gets no
 * traffic anyway. Without a Service, which somebody deleted, the available pods count that it will select.
 */
function trafficOf(goal: Goal, { served, tracks }: RolloutState, { lanes, floor }: Budget): Traffic {
  const { traffic } = goal;
  if (traffic === "both" || served === "stable") return traffic;
  const load = goal.tracks.stable;
  const serving = served === undefined ? tracks.stable.available : lanes.stable.kept;
  const isWhole = serving >= floor && load !== undefined && !isReplacing(tracks.stable, load);
  return isWhole || tracks.candidate.pods.length === 0 ? traffic : "both";
}

/** What happens to a candidate Deployment that no goal needs. */
function leavingOf(state: RolloutState, budget: Budget, traffic: Traffic): Shape["leaving"] {
  const { served, tracks, nowMs } = state;
  const { deployment, size = 0, pods } = tracks.candidate;
  if (deployment === undefined) return undefined;
  // Terminating pods stop by themselves, and can take hours.
  if (size === 0) return pods.length > 0 || !isProcessed(deployment) ? undefined : "deleted";
  if (served === "stable") return nowMs < drainedAtMs(state) ? undefined : { size: 0 };
  // The Service first leaves the pods.
  if (traffic === "stable") return undefined;
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
  const isKept = isRolling || (to === size && (to !== load.size || isAlone));
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
      const kept = Math.max(0, budget.lanes[track].kept - Number(limits.maxUnavailable));
      const present = budget.lanes[track].present + Number(limits.maxSurge);
      const lanes = { ...budget.lanes, [track]: { ...budget.lanes[track], kept, present } };
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
  const { spec } = state.observed.app;
  const start: Budget = {
    lanes: { stable: laneOf("stable", state), candidate: laneOf("candidate", state) },
    floor: state.floor,
    most: mostOf(spec),
  };
  const paces: Partial<Record<Track, Pace | undefined>> = {};
  let budget = start;
  let isFree = true;
  for (const track of ["candidate", "stable"] as const) {
    const load = goal.tracks[track];
    // The Service selects both tracks before the candidate has pods.
    if (load === undefined || (track === "candidate" && state.served !== "both" && spec.replicas > 0))
      continue;
    const next = step(track, load, { state, budget, isFree });
    paces[track] = next.pace;
    budget = next.budget;
    isFree &&= !next.isReplaced;
  }
  const traffic = trafficOf(goal, state, budget);
  const leaving = goal.tracks.candidate === undefined ? leavingOf(state, budget, traffic) : undefined;
  return { traffic, tracks: { stable: paces.stable, candidate: paces.candidate }, leaving };
}
