import { canaryOf, mostOf } from "../defaults.ts";
import { sizesFor } from "../weight.ts";
import type { Step, Strategy } from "./strategy.ts";

/**
 * Canary: a second Deployment gets the candidate, and its share of the pods grows step by step. Accepted, the revision is
 * rolled out on the stable track as by a rolling update, while the candidate serves.
 */
export const canary: Strategy = {
  steps: (spec) => {
    let weight = 0;
    return canaryOf(spec).steps.map(({ setWeight, pause }): Step => {
      weight = setWeight ?? weight;
      const name = pause?.seconds === undefined ? "pause" : `pause ${pause.seconds} s`;
      return {
        name: setWeight === undefined ? name : `setWeight ${setWeight}`,
        sizes: sizesFor({ weight, replicas: spec.replicas, most: mostOf(spec) }),
        traffic: "both",
        weight,
        pause,
      };
    });
  },
  identity: (spec) => canaryOf(spec).steps,
  hasPreview: false,
  isTrusted: (spec, { acceptedAt }) => canaryOf(spec).fastRollback && acceptedAt !== undefined,
};
