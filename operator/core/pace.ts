import { type RollingUpdate, countOf, rollingUpdateOf } from "./defaults.ts";
import { isProcessed, restartsOf, templateMetadataOf } from "./deployment.ts";
import type { TrackFacts } from "./facts.ts";
import { availableAtMs } from "./health.ts";
import type { Pod, Revision, Tracks } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";
import { paceBoth } from "./paceboth.ts";
import type { Goal, Load } from "./goal.ts";

/** What the Deployment of a track is to run now, on the way to its goal. */
export interface Pace extends Load {
  /** How many pods the Deployment controller may add and remove while it replaces pods. */
  readonly rollingUpdate: RollingUpdate;
  /** The newest restart that the pods have, RFC 3339; undefined for none. */
  readonly restartedAt: string | undefined;
}

/** The next safe step towards a goal. */
export interface Shape extends Omit<Goal, "tracks"> {
  readonly tracks: Tracks<Pace | undefined>;
  /** What happens to a candidate Deployment that no goal needs: it gets a smaller size, or is deleted. */
  readonly leaving?: { readonly size: number } | "deleted" | undefined;
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
export function mayGrow(
  next: Revision,
  { deployedHash, pods, restarting }: TrackFacts,
  state: RolloutState,
): boolean {
  if (deployedHash !== next.hash || restarting) return false;
  const rejected = new Set(
    state.revisions.filter(({ outcome }) => outcome === "rejected").map(({ hash }) => hash),
  );
  return !pods.some(({ hash }) => hash !== next.hash && rejected.has(hash));
}

/** The pods of one ReplicaSet that are not terminating, and how many of them are available. */
interface ReplicaSet {
  readonly pods: number;
  readonly available: number;
}

/** The ReplicaSet of the Deployment's pod template, and the other ones. */
function replicaSetsOf({ deployment, deployedHash, pods }: TrackFacts, { observed, nowMs }: RolloutState) {
  const minReadyMs = observed.app.spec.minReadySeconds * 1000;
  const restarts = restartsOf(templateMetadataOf(deployment)?.annotations);
  const isNewest = (pod: Pod): boolean => pod.hash === deployedHash && pod.restarts === restarts;
  const counted = (all: readonly Pod[]): ReplicaSet => ({
    pods: all.length,
    available: all.filter((pod) => availableAtMs(pod, minReadyMs) <= nowMs).length,
  });
  const old = pods.filter((pod) => !isNewest(pod));
  return {
    newest: counted(pods.filter(isNewest)),
    old: [...Map.groupBy(old, (pod) => `${pod.hash} ${pod.restarts}`).values()].map(counted),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/**
 * The next size to try. Anyone may scale a Deployment to two billion: beyond 100 pods the steps grow with the distance, so
 * that the search takes at most some thousand of them.
 */
const nextSize = (size: number, desired: number): number =>
  size + Math.max(1, Math.floor((size - desired) / 100));

/** What has to stay of a track's pods. */
interface Keep {
  /** The fewest pods of the track that have to stay available, if as many are. */
  readonly floor: number;
  /** `maxSurge` of the Deployment. */
  readonly maxSurge: string | number;
}

/**
 * The lowest size, from the desired one on, that leaves the floor available. A ReplicaSet removes pods that are not
 * available first. During a rolling update the Deployment
 * controller scales all ReplicaSets down in proportion to their sizes, without regard to availability, and takes the
 * rounding error from the largest one: with the default limits, 9 old and 3 new pods become 7 and 3 when the size changes
 * from 9 to 8. Source: k8s.io/kubernetes/pkg/controller/deployment/sync.go, scale.
 */
export function lowestSize(desired: number, track: TrackFacts, state: RolloutState & { keep: Keep }): number {
  const { size = desired } = track;
  const { floor, maxSurge } = state.keep;
  const { newest, old } = replicaSetsOf(track, state);
  if (old.length === 0) return Math.max(desired, Math.min(size, newest.available, floor));
  const all = [newest, ...old];
  const available = sum(all.map((set) => set.available));
  const mostOf = (pods: number): number => pods + countOf(maxSurge, pods, "up");
  const present = Math.max(mostOf(size), track.pods.length);
  // The newest ReplicaSet can be larger than its pods: they are not created yet, or a quota refuses them.
  const newestSize = present - sum(old.map(({ pods }) => pods));
  const leavesFloor = (to: number): boolean => {
    const allowed = mostOf(to);
    const shareOf = (pods: number): number => Math.round((pods * allowed) / present);
    const shares = [newestSize, ...old.map(({ pods }) => pods)].map(shareOf);
    const roundingError = Math.max(0, sum(shares) - allowed);
    const keptOf = ({ pods, available }: ReplicaSet): number => Math.min(available, shareOf(pods));
    const kept = Math.max(0, sum(all.map(keptOf)) - roundingError);
    // The Deployment controller can still count the pods that the newest ReplicaSet lost when it removes old pods next.
    const isCountReliable = keptOf(newest) >= Math.min(newest.available, floor);
    return isCountReliable && kept >= Math.min(available, floor);
  };
  let to = desired;
  while (to < size && !leavesFloor(to)) to = nextSize(to, desired);
  return Math.min(to, size);
}

/** The only Deployment of the app replaces its pods within the limits of the spec. */
function paceOf(goal: Load, track: TrackFacts, state: RolloutState): Pace {
  const revision = nextRevision(goal.revision, track, state.stable);
  const rollingUpdate = rollingUpdateOf(state.observed.app.spec);
  const keep = { floor: state.floor, maxSurge: rollingUpdate.maxSurge };
  const { size = goal.size } = track;
  const grown = mayGrow(revision, track, state) ? goal.size : size;
  return {
    revision,
    size: goal.size < size ? lowestSize(goal.size, track, { ...state, keep }) : grown,
    rollingUpdate,
    restartedAt: state.restartedAt,
  };
}

/**
 * The next safe step towards a goal: only this function and `paceBoth` know how pods may be added and replaced. Pods are
 * replaced by the Deployment controller, within the `rollingUpdate` that each step carries.
 */
export function pace(goal: Goal, state: RolloutState): Shape {
  const { stable, candidate } = goal.tracks;
  if (candidate !== undefined || state.tracks.candidate.deployment !== undefined)
    return paceBoth(goal, state);
  const on = stable && paceOf(stable, state.tracks.stable, state);
  return { ...goal, tracks: { stable: on, candidate: undefined } };
}
