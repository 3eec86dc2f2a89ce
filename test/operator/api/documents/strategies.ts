import { accepted, asList, refused, type Row } from "./row.ts";

const rolling = (rollingUpdate: unknown) => ({ strategy: { rollingUpdate } });
const canary = (fields: unknown) => ({ strategy: { type: "Canary", canary: fields } });
const blueGreen = (fields: unknown) => ({ strategy: { type: "BlueGreen", blueGreen: fields } });
const steps = (...all: readonly unknown[]) => canary({ steps: all });
const notRising = "spec.strategy.canary.steps: each setWeight must be above the one before";
const noSurge = "spec.strategy.canary.maxSurge: maxSurge must not be 0";
const bothZero = "spec.strategy.rollingUpdate: maxSurge and maxUnavailable must not both be 0";
export const strategies: readonly Row[] = [
  accepted("an empty strategy", { strategy: {} }),
  accepted("a rolling update with percentages", rolling({ maxSurge: "100%", maxUnavailable: "50%" })),
  accepted("a rolling update with numbers of pods", rolling({ maxSurge: 0, maxUnavailable: 1 })),
  accepted("a canary with its defaults", { strategy: { type: "Canary" } }),
  accepted(
    "a canary with every field",
    canary({
      maxSurge: "100%",
      steps: [{ setWeight: 1 }, { pause: { seconds: 604_800 } }, { pause: {} }, { setWeight: 100 }],
      fastRollback: false,
    }),
  ),
  accepted("a canary with 20 steps", steps(...asList(20, (i) => ({ setWeight: i + 1 })))),
  accepted("a blue-green rollout with its defaults", { strategy: { type: "BlueGreen" } }),
  accepted(
    "a blue-green rollout with every field",
    blueGreen({ autoPromote: false, previewReplicas: 1000, holdSeconds: 604_800 }),
  ),
  accepted("a blue-green rollout without a hold", blueGreen({ holdSeconds: 0 })),
  refused(
    "a preview without pods",
    blueGreen({ previewReplicas: 0 }),
    "spec.strategy.blueGreen.previewReplicas: should be greater than or equal to 1",
  ),
  refused(
    "a hold of more than 7 days",
    blueGreen({ holdSeconds: 604_801 }),
    "spec.strategy.blueGreen.holdSeconds: should be less than or equal to 604800",
  ),
  refused(
    "fields of a blue-green rollout in a canary",
    { strategy: { type: "Canary", blueGreen: { holdSeconds: 1 } } },
    "spec.strategy.blueGreen: blueGreen has no effect with another type",
  ),
  refused(
    "fields of a blue-green rollout in the default strategy",
    { strategy: { blueGreen: {} } },
    "spec.strategy.blueGreen: blueGreen has no effect with another type",
  ),
  refused(
    "limits of a rolling update in a blue-green rollout",
    { strategy: { type: "BlueGreen", rollingUpdate: { maxSurge: 1 } } },
    "spec.strategy.rollingUpdate: rollingUpdate has no effect with another type",
  ),
  refused("a canary without steps", steps(), "spec.strategy.canary.steps: should have at least 1 items"),
  refused(
    "a canary with 21 steps",
    steps(...asList(21, (i) => ({ setWeight: i + 1 }))),
    "spec.strategy.canary.steps: must have at most 20 items",
  ),
  refused(
    "a weight of 0",
    steps({ setWeight: 0 }),
    "spec.strategy.canary.steps[0].setWeight: should be greater than or equal to 1",
  ),
  refused(
    "a weight of 101",
    steps({ setWeight: 101 }),
    "spec.strategy.canary.steps[0].setWeight: should be less than or equal to 100",
  ),
  refused("a weight that falls", steps({ setWeight: 50 }, { setWeight: 10 }), notRising),
  refused("a weight twice", steps({ setWeight: 10 }, { pause: {} }, { setWeight: 10 }), notRising),
  refused(
    "a pause before the first weight",
    steps({ pause: {} }, { setWeight: 10 }),
    "spec.strategy.canary.steps: the first step must be setWeight",
  ),
  refused(
    "a pause of more than 7 days",
    steps({ setWeight: 10 }, { pause: { seconds: 604_801 } }),
    "spec.strategy.canary.steps[1].pause.seconds: should be less than or equal to 604800",
  ),
  refused(
    "a step with a weight and a pause",
    steps({ setWeight: 10, pause: {} }),
    "spec.strategy.canary.steps[0]: each step must have one of setWeight, pause and analysis",
  ),
  refused(
    "an empty step",
    steps({ setWeight: 10 }, {}),
    "spec.strategy.canary.steps[1]: each step must have one of setWeight, pause and analysis",
  ),
  refused(
    "a step with a pause and analysis",
    { ...steps({ setWeight: 10 }, { pause: {}, analysis: {} }), analysis: {} },
    "spec.strategy.canary.steps[1]: each step must have one of setWeight, pause and analysis",
  ),
  refused("a canary with maxSurge 0", canary({ maxSurge: 0 }), noSurge),
  refused("a canary with maxSurge 0%", canary({ maxSurge: "0%" }), noSurge),
  refused(
    "canary steps in a rolling update",
    { strategy: { type: "RollingUpdate", canary: { steps: [{ setWeight: 10 }] } } },
    "spec.strategy.canary: canary has no effect with another type",
  ),
  refused(
    "canary steps in the default strategy",
    { strategy: { canary: {} } },
    "spec.strategy.canary: canary has no effect with another type",
  ),
  refused(
    "limits of a rolling update in a canary",
    { strategy: { type: "Canary", rollingUpdate: { maxSurge: 1 } } },
    "spec.strategy.rollingUpdate: rollingUpdate has no effect with another type",
  ),
  refused("maxSurge 0 and maxUnavailable 0%", rolling({ maxSurge: 0, maxUnavailable: "0%" }), bothZero),
  refused("maxSurge 0% and the default maxUnavailable", rolling({ maxSurge: "0%" }), bothZero),
  refused(
    "a maxSurge above 100%",
    rolling({ maxSurge: "101%" }),
    "spec.strategy.rollingUpdate.maxSurge: must be a number of pods from 0 to 1000, or a share from 0% to 100%",
  ),
  refused(
    "a maxSurge percentage without the percent sign",
    rolling({ maxSurge: "25" }),
    "spec.strategy.rollingUpdate.maxSurge: a share from 0% to 100%",
  ),
  refused(
    "a negative maxUnavailable",
    rolling({ maxUnavailable: -1 }),
    "spec.strategy.rollingUpdate.maxUnavailable: must be a number of pods from 0 to 1000",
  ),
];
