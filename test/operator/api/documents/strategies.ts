import { accepted, refused, unknown, type Row } from "./row.ts";

const rolling = (rollingUpdate: unknown) => ({ strategy: { rollingUpdate } });
const bothZero = "spec.strategy.rollingUpdate: maxSurge and maxUnavailable must not both be 0";
export const strategies: readonly Row[] = [
  accepted("an empty strategy", { strategy: {} }),
  accepted("a rolling update by shares", rolling({ maxSurge: "100%", maxUnavailable: "50%" })),
  accepted("a rolling update by numbers", rolling({ maxSurge: 0, maxUnavailable: 1 })),
  refused(
    "a strategy that is not there yet",
    { strategy: { type: "Canary" } },
    'spec.strategy.type: supported values: "RollingUpdate"',
  ),
  unknown(
    "a canary's steps in a rolling update",
    { strategy: { type: "RollingUpdate", canary: { steps: [] } } },
    "spec.strategy.canary",
  ),
  unknown(
    "a blue-green's fields in a rolling update",
    { strategy: { blueGreen: {} } },
    "spec.strategy.blueGreen",
  ),
  refused("neither surge nor unavailable pods", rolling({ maxSurge: 0, maxUnavailable: "0%" }), bothZero),
  refused("no surge, and no unavailable pods by default", rolling({ maxSurge: "0%" }), bothZero),
  refused(
    "a share above 100%",
    rolling({ maxSurge: "101%" }),
    "spec.strategy.rollingUpdate.maxSurge: must be a number of pods from 0 to 1000, or a share from 0% to 100%",
  ),
  refused(
    "a share without its sign",
    rolling({ maxSurge: "25" }),
    "spec.strategy.rollingUpdate.maxSurge: a share from 0% to 100%",
  ),
  refused(
    "a negative number of pods",
    rolling({ maxUnavailable: -1 }),
    "spec.strategy.rollingUpdate.maxUnavailable: must be a number of pods from 0 to 1000",
  ),
];
