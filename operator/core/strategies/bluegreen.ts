import { blueGreenOf } from "../defaults.ts";
import type { Step, Strategy } from "./strategy.ts";

/**
 * Blue-green: the candidate gets a Deployment of full size behind a preview Service, then all traffic in one write. Until the
 * hold ends, the stable Deployment is untouched, so that the way back is one write too. Accepted, the revision is rolled out
 * on the stable track without traffic, which then returns to it.
 */
export const blueGreen: Strategy = {
  // As many steps whatever the fields are: an edit in the course of a rollout must not move its step.
  steps: (spec) => {
    const { replicas } = spec;
    const { autoPromote, previewReplicas, holdSeconds } = blueGreenOf(spec);
    const sizes = { stable: replicas, candidate: replicas };
    const preview = {
      sizes: { ...sizes, candidate: Math.min(previewReplicas, replicas) },
      traffic: "stable",
      weight: 0,
    } as const;
    const switched = { sizes, traffic: "candidate", weight: 100 } as const;
    const all: readonly Step[] = [
      { name: "preview", ...preview },
      { name: "promotion", ...preview, pause: autoPromote ? undefined : {} },
      { name: "full size", sizes, traffic: "stable", weight: 0 },
      { name: "switch", ...switched },
      {
        name: `hold ${holdSeconds} s`,
        ...switched,
        pause: { seconds: holdSeconds },
        needsEvidence: spec.analysis !== undefined,
      },
    ];
    return all;
  },
  identity: () => "BlueGreen",
  hasPreview: true,
  isTrusted: () => false,
};
