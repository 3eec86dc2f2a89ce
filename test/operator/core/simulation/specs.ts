import * as fc from "fast-check";

const setWeights = fc
  .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 3 })
  .map((weights) => weights.toSorted((a, b) => a - b));
const pauses = fc.constantFrom(undefined, { pause: { seconds: 20 } }, { pause: {} });
const canaries = fc.record({
  type: fc.constant("Canary" as const),
  canary: fc.record({
    maxSurge: fc.constantFrom(1, 2, "25%", "100%"),
    fastRollback: fc.boolean(),
    steps: fc
      .tuple(setWeights, pauses)
      .map(([weights, pause]) => weights.flatMap((setWeight) => [{ setWeight }, ...(pause ? [pause] : [])])),
  }),
});

const blueGreens = fc.record({
  type: fc.constant("BlueGreen" as const),
  blueGreen: fc.record({
    autoPromote: fc.boolean(),
    previewReplicas: fc.integer({ min: 1, max: 3 }),
    holdSeconds: fc.constantFrom(0, 20),
  }),
});
/** The strategies whose rollouts have steps. */
export const withSteps = fc.oneof(canaries, blueGreens);

/** Specs with different rollout settings. */
export const specs = fc.record({
  replicas: fc.integer({ min: 1, max: 4 }),
  minReadySeconds: fc.constantFrom(0, 15),
  progressDeadlineSeconds: fc.constant(60),
  revisionHistoryLimit: fc.constantFrom(0, 1, 10),
  rollback: fc.record({ automatic: fc.constantFrom(true, true, true, false) }),
  strategy: fc.constantFrom(
    {},
    { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    { rollingUpdate: { maxSurge: 0, maxUnavailable: "50%" } },
    { rollingUpdate: { maxSurge: "100%", maxUnavailable: 0 } },
  ),
});

/** Specs of rollouts with steps. */
export const steppedSpecs = fc.record({
  replicas: fc.integer({ min: 1, max: 5 }),
  minReadySeconds: fc.constantFrom(0, 15),
  progressDeadlineSeconds: fc.constant(60),
  revisionHistoryLimit: fc.constantFrom(0, 10),
  rollback: fc.record({ automatic: fc.constantFrom(true, true, true, false) }),
  strategy: withSteps,
});
