import type { ReasonMessage } from "../../api/reasons.ts";
import type { StrategySpec } from "../../api/schema.ts";
import type { Track } from "../../api/names.ts";
import type { Revision, Tracks } from "../observed.ts";
import type { RolloutState } from "../rolloutstate.ts";
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
  /** The track that the Service selects. */
  readonly traffic: Track;
}

/** How a revision replaces another one. */
export interface Strategy {
  /** What speaks against the candidate; undefined if nothing does. */
  readonly verdict: (state: RolloutState, candidate: Revision) => ReasonMessage | undefined;
  /** True if the candidate has passed the last step of its rollout. */
  readonly isDone: (state: RolloutState) => boolean;
  /** Undefined if there is nothing to run. */
  readonly goal: (state: RolloutState) => Goal | undefined;
}

/** The strategy for each `spec.strategy.type`; a type without a strategy does not compile. */
const strategies: Record<StrategySpec["type"], Strategy> = { RollingUpdate: rolling };

export const strategyOf = ({ observed }: RolloutState): Strategy =>
  strategies[observed.app.spec.strategy.type];
