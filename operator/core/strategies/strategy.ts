import type { Traffic } from "../../api/names.ts";
import type { DemoAppSpec, StrategySpec } from "../../api/schema.ts";
import { once } from "../memo.ts";
import type { Revision, Tracks } from "../observed.ts";
import { blueGreen } from "./bluegreen.ts";
import { canary } from "./canary.ts";

/** One step of a rollout with a candidate's Deployment beside the stable one. */
export interface Step {
  /** As the status shows the step: "setWeight 10", "pause 60 s". */
  readonly name: string;
  readonly sizes: Tracks<number>;
  /** The pods that the Service selects. */
  readonly traffic: Traffic;
  /** The share of the Service's pods that run the candidate, in percent, as far as the sizes allow. */
  readonly weight: number;
  /** Waits once all pods of the step are available: for a time, or without a time for a person. */
  readonly pause?: { readonly seconds?: number | undefined } | undefined;
  /** True if the step ends only once the evidence is enough. */
  readonly needsEvidence?: boolean;
}

/** How a revision replaces another one. */
export interface Strategy {
  /** The steps of a rollout; none for one Deployment that replaces its own pods. */
  readonly steps: (spec: DemoAppSpec) => readonly Step[];
  /** What of a spec makes its steps those that they are: if it is edited in the course of a rollout, the steps start over. */
  readonly identity: (spec: DemoAppSpec) => unknown;
  /** True if the candidate has a Service of its own. */
  readonly hasPreview: boolean;
  /** True if a revision needs no steps, because it was accepted before. */
  readonly isTrusted: (spec: DemoAppSpec, revision: Revision) => boolean;
}

const rolling: Strategy = { steps: () => [], identity: () => [], hasPreview: false, isTrusted: () => true };

/** The strategy for each `spec.strategy.type`; a type without a strategy does not compile. */
const strategies: Record<StrategySpec["type"], Strategy> = {
  RollingUpdate: rolling,
  Canary: canary,
  BlueGreen: blueGreen,
};

export const strategyOf = (spec: DemoAppSpec): Strategy => strategies[spec.strategy.type];

/** The steps of a rollout by a spec. */
export const stepsOf = once((spec: DemoAppSpec) => strategyOf(spec).steps(spec));

/** True if a rollout of a revision takes steps, unless it is the first of its app. */
export const takesSteps = (spec: DemoAppSpec, revision: Revision): boolean =>
  stepsOf(spec).length > 0 && !strategyOf(spec).isTrusted(spec, revision);

/** The step at an index from 0; after the last one, the state that the last one reached. */
export function stepAt(spec: DemoAppSpec, index: number): Step {
  const steps = stepsOf(spec);
  const last = steps.at(-1);
  if (last === undefined) throw new Error(`strategy ${spec.strategy.type} has no steps`);
  return steps[index] ?? { ...last, name: "done", pause: undefined, needsEvidence: false };
}
