import { type Traffic, labels } from "../../api/names.ts";
import type { StrategySpec } from "../../api/schema.ts";
import { templateMetadataOf } from "../deployment.ts";
import type { Revision, Tracks } from "../observed.ts";
import type { RolloutState } from "../rolloutstate.ts";
import { canary } from "./canary.ts";
import { rolling } from "./rolling.ts";

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
}

/** How a revision replaces another one. */
export interface Strategy {
  /** True if the candidate has passed the last step of its rollout. */
  readonly isDone: (state: RolloutState) => boolean;
  /** Undefined if there is nothing to run. */
  readonly goal: (state: RolloutState) => Goal | undefined;
}

/** The strategy for each `spec.strategy.type`; a type without a strategy does not compile. */
const strategies: Record<StrategySpec["type"], Strategy> = { RollingUpdate: rolling, Canary: canary };

/** The strategy of the present rollout: a rolling update if the rollout takes no steps. */
export const strategyOf = ({ observed, cursor }: RolloutState): Strategy =>
  cursor === undefined ? rolling : strategies[observed.app.spec.strategy.type];

/** The stable revision at full size, and no candidate. */
const stableAlone = ({ stable, observed }: RolloutState): Goal | undefined =>
  stable && {
    tracks: { stable: { revision: stable, size: observed.app.spec.replicas }, candidate: undefined },
    traffic: "stable",
  };

/**
 * Where the app wants to be. A candidate Deployment of another revision, or of a rollout that no longer takes steps, first
 * gives its traffic back to the stable revision. One that carries the stable revision can serve until the stable track has
 * the next one: otherwise a promoted version that fails on the stable track would block every other version.
 */
export function goalOf(state: RolloutState): Goal | undefined {
  const { candidate, cursor, stable, tracks, observed } = state;
  const { deployment } = tracks.candidate;
  const carried = templateMetadataOf(deployment)?.labels?.[labels.hash];
  const isLeft =
    cursor === undefined ? candidate !== undefined && carried !== stable?.hash : carried !== candidate?.hash;
  const isTaken = deployment === undefined && observed.deployments.candidate !== undefined;
  const isStableAlone = (deployment !== undefined && isLeft) || (cursor !== undefined && isTaken);
  if (isStableAlone && stable !== undefined) return stableAlone(state);
  return strategyOf(state).goal(state);
}
