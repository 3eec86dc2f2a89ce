import { accepted, refused, unknown, type Row } from "./row.ts";

const rolling = (rollingUpdate: unknown) => ({ strategy: { rollingUpdate } });
const bothZero = "spec.strategy.rollingUpdate: maxSurge and maxUnavailable must not both be 0";
export const strategies: readonly Row[] = [
  accepted("an empty strategy", { strategy: {} }),
  accepted("a rolling update with percentages", rolling({ maxSurge: "100%", maxUnavailable: "50%" })),
  accepted("a rolling update with numbers of pods", rolling({ maxSurge: 0, maxUnavailable: 1 })),
  refused(
    "the strategy Canary, which does not exist yet",
    { strategy: { type: "Canary" } },
    'spec.strategy.type: supported values: "RollingUpdate"',
  ),
  unknown(
    "canary steps in a rolling update",
    { strategy: { type: "RollingUpdate", canary: { steps: [] } } },
    "spec.strategy.canary",
  ),
  unknown(
    "the field blueGreen in a rolling update",
    { strategy: { blueGreen: {} } },
    "spec.strategy.blueGreen",
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
