import { canaryOf, mostOf } from "../defaults.ts";
import { sizesFor } from "../weight.ts";
import type { Step, Strategy } from "./strategy.ts";

type CanaryStep = ReturnType<typeof canaryOf>["steps"][number];

function nameOf({ setWeight, pause }: Pick<CanaryStep, "setWeight" | "pause">): string {
  if (setWeight !== undefined) return `setWeight ${setWeight}`;
  if (pause === undefined) return "analysis";
  return pause.seconds === undefined ? "pause" : `pause ${pause.seconds} s`;
}

/**
 * Canary: a second Deployment gets the candidate, and its share of the pods grows step by step. Accepted, the revision is
 * rolled out on the stable track as by a rolling update, while the candidate serves.
 */
export const canary: Strategy = {
  steps: (spec) => {
    let weight = 0;
    return canaryOf(spec).steps.map(({ setWeight, pause, analysis }, i, { length }): Step => {
      weight = setWeight ?? weight;
      return {
        name: nameOf({ setWeight, pause }),
        sizes: sizesFor({ weight, replicas: spec.replicas, most: mostOf(spec) }),
        traffic: "both",
        weight,
        pause,
        needsEvidence: analysis !== undefined || (i === length - 1 && spec.analysis !== undefined),
      };
    });
  },
  identity: (spec) => canaryOf(spec).steps,
  hasPreview: false,
  isTrusted: (spec, { acceptedAt }) => canaryOf(spec).fastRollback && acceptedAt !== undefined,
};
