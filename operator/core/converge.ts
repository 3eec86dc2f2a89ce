import { type Track, childAnnotations as keys, fieldManager } from "../api/names.ts";
import { type Action, inScope } from "./action.ts";
import { replicasOf } from "./deployment.ts";
import { drift } from "./diff.ts";
import { cursorAnnotations } from "./cursor.ts";
import { includes } from "./includes.ts";
import { type ManagedFields, type Manifest, fieldsOf } from "./manifest.ts";
import { timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import type { Pace, Shape } from "./pace.ts";
import { renderDeployment } from "./render/deployment.ts";
import { renderPreview, renderService } from "./render/service.ts";
import { templateOf } from "./revisions.ts";
import type { RolloutState } from "./rolloutstate.ts";

interface Pair {
  readonly live: Manifest | undefined;
  readonly desired: Manifest;
  /** The track of a Deployment. */
  readonly track?: Track;
  /** True if a rollout can cause the write, although neither the spec nor the revision changes. */
  readonly isMoving: boolean;
}

const strategyIn = (object: Manifest | undefined): unknown => fieldsOf(object?.["spec"])["strategy"];

/**
 * Why the operator writes an object: to adopt it, to revert a manual change, or to follow the spec or the rollout. With
 * the same generation and revision as in the last status, nothing but a manual change can be the cause, except for size and
 * limits: `pace` can delay them, and a manual change of them has another field manager.
 */
function reasonFor(
  state: RolloutState,
  { live, desired, track, isMoving }: Pair,
  { ofSpec, byOthers }: ReturnType<typeof drift>,
): string {
  const { observed, target, tracks } = state;
  const { app } = observed;
  if (ownershipOf(app, live) !== "owned") return "adopt";
  const { deployedHash, deployment, restarting } = tracks[track ?? "stable"];
  const wasDeployed =
    deployedHash === target?.hash ||
    deployment?.metadata.annotations?.[keys.rollout] === String(target?.rollout);
  const isPaced =
    replicasOf(live) !== replicasOf(desired) || !includes(strategyIn(live), strategyIn(desired));
  const isApplied = app.status?.observedGeneration === app.generation && wasDeployed && !isPaced;
  return byOthers || (!isMoving && isApplied && ofSpec && !restarting) ? "drift" : "update";
}

/** The field manager, other than the operator, that last wrote to an object's spec. */
function lastWriter(live: Manifest): string {
  const others = (live.metadata.managedFields ?? []).filter(
    (entry) => entry.manager !== fieldManager && entry.fieldsV1?.["f:spec"] !== undefined,
  );
  const last = others.reduce<ManagedFields | undefined>(
    (newest, entry) => (newest === undefined || (entry.time ?? "") > (newest.time ?? "") ? entry : newest),
    undefined,
  );
  return last?.manager ?? "someone";
}

/**
 * The desired object with the resourceVersion that was seen. An apply sends the whole object, so one that is based on an
 * outdated cache could restore an old pod template. With the resourceVersion it fails with a conflict instead.
 */
const withVersion = (desired: Manifest, { metadata: { resourceVersion } }: Manifest): Manifest =>
  resourceVersion === undefined
    ? desired
    : { ...desired, metadata: { ...desired.metadata, resourceVersion } };

type Where = ReturnType<typeof inScope>;

/** The writes that make one live object equal to the desired object; none if they already agree. */
function writesFor(state: RolloutState, pair: Pair, where: Where): readonly Action[] {
  const { live, desired } = pair;
  if (live === undefined) return [{ do: "apply", object: desired, why: "create", isNew: true, ...where }];
  const found = drift(live, desired);
  const { apply, takeOver: patch } = found;
  const why = reasonFor(state, { ...pair, live }, found);
  const reason = {
    why,
    ...(why === "drift" && { reverts: { manager: lastWriter(live), spec: live["spec"] } }),
  };
  const over = live.metadata.resourceVersion;
  // A take-over fails if the object has changed, and raises the resourceVersion for the apply after it.
  const object = patch.length > 0 ? desired : withVersion(desired, live);
  return [
    ...(patch.length > 0 ? [{ do: "take-over", object: live, patch, ...reason, ...where } as const] : []),
    ...(apply ? [{ do: "apply", object, ...reason, over, ...where } as const] : []),
  ];
}

const progressKeys = [keys.rollout, keys.best, keys.progressAt, keys.progressRestarts];

/** The progress that a Deployment stores of an earlier rollout. */
const storedProgress = (live: Manifest | undefined): Record<string, string> =>
  Object.fromEntries(
    progressKeys.flatMap((key) => {
      const value = live?.metadata.annotations?.[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );

/** The annotations that store a rollout's progress on its Deployment, so that a restarted operator continues. */
function progressAnnotations(
  state: RolloutState,
  track: Track,
  { revision, size }: Pace,
): Record<string, string> {
  const { progress, tracks, target, cursor } = state;
  if (track !== state.track) return storedProgress(tracks[track].deployment);
  const { restarts, size: before = size } = tracks[track];
  const isGrown = progress.isGrowing && size > before;
  return {
    // The Deployment can return with the stable revision in the course of the candidate's rollout.
    [keys.rollout]: String((target ?? revision).rollout),
    [keys.best]: String(progress.stored.best),
    [keys.progressAt]: timestamp(isGrown ? progress.atMs : progress.stored.atMs),
    ...(restarts !== "" && { [keys.progressRestarts]: restarts }),
    ...(cursor && cursorAnnotations(cursor)),
  };
}

function deploymentWrites(state: RolloutState, track: Track, pace: Pace | undefined): readonly Action[] {
  if (pace === undefined) return [];
  const { observed } = state;
  const annotations = progressAnnotations(state, track, pace);
  const { revision, size, rollingUpdate, restartedAt } = pace;
  const input = { track, template: templateOf(revision), size, rollingUpdate, annotations, restartedAt };
  const desired = renderDeployment(observed, input);
  const isMoving = state.tracks.candidate.deployment !== undefined;
  return writesFor(state, { live: observed.deployments[track], desired, track, isMoving }, inScope(track));
}

/** The write that takes pods from a candidate Deployment that no goal needs, or deletes the Deployment. */
function leavingWrites({ tracks }: RolloutState, { leaving }: Shape): readonly Action[] {
  const { deployment: live } = tracks.candidate;
  if (leaving === undefined || live === undefined) return [];
  const where = { object: live, why: "no candidate", ...inScope("candidate") };
  if (leaving === "deleted") return [{ do: "delete", ...where }];
  const { resourceVersion } = live.metadata;
  // Only the size: the template can be that of a revision whose template is not read.
  const patch = { metadata: { resourceVersion }, spec: { replicas: leaving.size } };
  return [{ do: "patch", patch, over: resourceVersion, ...where }];
}

/**
 * True if an adoptable Service selects other pods and the app isn't fully available: adopting now could leave it
 * without endpoints.
 */
function isAdoptionTooEarly({ observed, complete }: RolloutState, { spec }: Manifest): boolean {
  const { app, service } = observed;
  const isAdoptable = service !== undefined && ownershipOf(app, service) === "adoptable";
  return isAdoptable && !complete && !includes(service["spec"], { selector: fieldsOf(spec)["selector"] });
}

function serviceWrites(state: RolloutState, { traffic }: Shape): readonly Action[] {
  const { service } = state.observed;
  const desired = renderService(state.observed, traffic);
  if (isAdoptionTooEarly(state, desired)) return [];
  // Without its Service an installed app is down, so the creation waits for no other write.
  const needs = service === undefined && state.stable !== undefined ? { needs: [] } : {};
  const isMoving = state.served !== undefined && state.served !== traffic;
  return writesFor(state, { live: service, desired, isMoving }, { ...inScope("traffic"), ...needs });
}

/** The writes of the candidate's own Service, which exists only while the candidate needs it. */
function previewWrites(state: RolloutState, { preview }: Shape): readonly Action[] {
  const { app, preview: live } = state.observed;
  const where = inScope("preview");
  const ownership = ownershipOf(app, live);
  // The blocker follows once the rollout is stored: before it, nothing needed the name.
  if (ownership === "taken" || ownership === "terminating") return [];
  if (preview) {
    const desired = renderPreview(state.observed);
    return writesFor(state, { live, desired, track: "candidate", isMoving: true }, where);
  }
  if (live === undefined || ownership !== "owned") return [];
  return [{ do: "delete", object: live, why: "no candidate", ...where }];
}

/** The writes that bring the app's objects into a shape, in order, each with the scopes that it depends on. */
export const converge = (shape: Shape, state: RolloutState): readonly Action[] => [
  ...deploymentWrites(state, "stable", shape.tracks.stable),
  ...serviceWrites(state, shape),
  ...deploymentWrites(state, "candidate", shape.tracks.candidate),
  ...previewWrites(state, shape),
  ...leavingWrites(state, shape),
];
