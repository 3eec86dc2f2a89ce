import { type Traffic, labels } from "../api/names.ts";
import { templateMetadataOf } from "./deployment.ts";
import type { Revision, Tracks } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";
import { strategyOf } from "./strategies/strategy.ts";

/** What the Deployment of a track runs. */
export interface Load {
  readonly revision: Revision;
  readonly size: number;
}

/** Where a rollout wants to be. How to get there without an outage is decided by `pace`. */
export interface Goal {
  /** Undefined: the track's Deployment is left as it is. */
  readonly tracks: Tracks<Load | undefined>;
  /** The pods that the Service selects. */
  readonly traffic: Traffic;
  /** True if the candidate has a Service of its own. */
  readonly preview: boolean;
}

/** One load alone, on the stable track. */
export const alone = (stable: Load): Goal => ({
  tracks: { stable, candidate: undefined },
  traffic: "stable",
  preview: false,
});

/** Both revisions, as the present step wants them. */
function atStep({ stable, candidate, step, observed }: RolloutState): Goal | undefined {
  if (stable === undefined || candidate === undefined || step === undefined) return undefined;
  const { sizes, traffic } = step;
  const tracks = {
    stable: { revision: stable, size: sizes.stable },
    candidate: { revision: candidate, size: sizes.candidate },
  };
  return { tracks, traffic, preview: strategyOf(observed.app.spec).hasPreview };
}

/**
 * Where the app wants to be; undefined if there is nothing to run. A candidate Deployment of another revision, or of a
 * rollout that no longer takes steps, first gives its traffic back to the stable revision. One that carries the stable
 * revision can serve until the stable track has the next one: otherwise a promoted version that fails on the stable track
 * would block every other version.
 */
export function goalOf(state: RolloutState): Goal | undefined {
  const { candidate, cursor, stable, target, tracks, observed } = state;
  const { deployment } = tracks.candidate;
  const carried = templateMetadataOf(deployment)?.labels?.[labels.hash];
  const isLeft =
    cursor === undefined ? candidate !== undefined && carried !== stable?.hash : carried !== candidate?.hash;
  const isTaken = deployment === undefined && observed.deployments.candidate !== undefined;
  const isStableAlone = (deployment !== undefined && isLeft) || (cursor !== undefined && isTaken);
  const { replicas: size } = observed.app.spec;
  if (isStableAlone && stable !== undefined) return alone({ revision: stable, size });
  return cursor === undefined ? target && alone({ revision: target, size }) : atStep(state);
}
