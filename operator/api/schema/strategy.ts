import * as z from "zod";
import { int64, withDefault } from "./fields.ts";
import { withRules } from "./rule.ts";

/** A number of pods, or a percentage of spec.replicas such as `25%`. */
const countOrShare = withRules(z.union([int64, z.string().max(5)]), [
  {
    cel: "type(self) == int ? self >= 0 && self <= 1000 : self.matches('^(100|[0-9]{1,2})%$')",
    message: "must be a number of pods from 0 to 1000, or a share from 0% to 100%",
    holds: (value) =>
      typeof value === "number" ? value >= 0 && value <= 1000 : /^(100|[0-9]{1,2})%$/.test(value),
  },
]).meta({ "x-kubernetes-int-or-string": true, maxLength: 5 });

const isZero = (value: number | string): boolean => Number.parseInt(String(value), 10) === 0;
const zero = (field: string): string => `string(self.${field}).matches('^0+%?$')`;

const rollingUpdate = withRules(
  z.strictObject({
    maxSurge: countOrShare
      .optional()
      .describe(
        "Pods that may run in addition to replicas, rounded up. Default: 25%. Unit: pods, or percent of replicas.",
      ),
    maxUnavailable: countOrShare
      .optional()
      .describe(
        "Pods of replicas that may be unavailable, rounded down. Default: 0. Unit: pods, or percent of replicas.",
      ),
  }),
  [
    {
      cel: `!has(self.maxSurge) || !${zero("maxSurge")} || (has(self.maxUnavailable) && !${zero("maxUnavailable")})`,
      message:
        "maxSurge and maxUnavailable must not both be 0 (maxUnavailable is 0 unless given): raise one of them",
      holds: ({ maxSurge = "25%", maxUnavailable = 0 }) => !isZero(maxSurge) || !isZero(maxUnavailable),
    },
  ],
);

const maxPauseSeconds = 604_800;

const step = withRules(
  z.strictObject({
    setWeight: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe(
        "Share of the pods that run the new version from this step on. Default: none. Unit: percent.",
      ),
    pause: z
      .strictObject({
        seconds: z
          .int()
          .min(1)
          .max(maxPauseSeconds)
          .optional()
          .describe(
            "Time until the rollout goes on, at most 7 days. Default: none, a person has to promote. Unit: seconds.",
          ),
      })
      .optional()
      .describe("Wait, for a time or for a person. Default: none."),
    analysis: z
      .strictObject({})
      .optional()
      .describe("Wait until the evidence of spec.analysis is enough. Default: none."),
  }),
  [
    {
      cel: "[has(self.setWeight), has(self.pause), has(self.analysis)].exists_one(given, given)",
      message: "each step must have one of setWeight, pause and analysis: split or remove the step",
      holds: ({ setWeight, pause, analysis }) =>
        [setWeight, pause, analysis].filter((given) => given !== undefined).length === 1,
    },
  ],
);

const cel = "self.filter(s, has(s.setWeight)).map(s, s.setWeight)";
const steps = withRules(z.array(step).min(1).max(20).meta({ "x-kubernetes-list-type": "atomic" }), [
  {
    cel: "self.size() == 0 || has(self[0].setWeight)",
    message:
      "the first step must be setWeight: put the share to begin with before the first pause or analysis",
    holds: ([first]) => first?.setWeight !== undefined,
  },
  {
    cel: `${cel}.isSorted() && ${cel}.all(w, ${cel}.exists_one(v, v == w))`,
    message: "each setWeight must be above the one before: order the steps by weight",
    holds: (all) => {
      const weights = all.flatMap(({ setWeight }) => setWeight ?? []);
      return weights.every((weight, i) => i === 0 || weight > Number(weights[i - 1]));
    },
  },
]);

const canary = withRules(
  z.strictObject({
    maxSurge: countOrShare
      .optional()
      .describe(
        "Pods of both versions together that may run in addition to replicas, rounded up, at least 1. Default: 25%. Unit: pods, or percent of replicas.",
      ),
    steps: steps
      .optional()
      .describe(
        "The way of a new version, at most 20 steps. Default: setWeight 10, pause 60 s, setWeight 50, pause 60 s.",
      ),
    fastRollback: z
      .boolean()
      .optional()
      .describe(
        "True: a version in the history that was accepted before is rolled out without steps. Default: true.",
      ),
  }),
  [
    {
      cel: `!has(self.maxSurge) || !${zero("maxSurge")}`,
      message: "maxSurge must not be 0, because the new version starts beside the old one: raise it",
      at: ["maxSurge"],
      holds: ({ maxSurge = "25%" }) => !isZero(maxSurge),
    },
  ],
);

const blueGreen = z.strictObject({
  autoPromote: z
    .boolean()
    .optional()
    .describe(
      "True: the new version gets the traffic once its pods are available. False: a person has to promote. Default: true.",
    ),
  previewReplicas: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      "Pods of the new version behind the preview Service until the promotion, at most replicas. Default: 1. Unit: pods.",
    ),
  holdSeconds: z
    .int()
    .min(0)
    .max(maxPauseSeconds)
    .optional()
    .describe(
      "Time for which the old version keeps its pods after the switch, at most 7 days. Default: 30. Unit: seconds.",
    ),
});

export const strategy = withRules(
  z.strictObject({
    type: z
      .enum(["RollingUpdate", "Canary", "BlueGreen"])
      .apply(withDefault, "RollingUpdate")
      .describe(
        "How a new version replaces the old one. RollingUpdate: pod by pod. Canary: in steps, by a second Deployment. BlueGreen: all at once, by a second Deployment of the same size. Default: RollingUpdate.",
      ),
    rollingUpdate: rollingUpdate
      .optional()
      .describe("Limits of a rolling update. Default: maxSurge 25%, maxUnavailable 0."),
    canary: canary
      .optional()
      .describe("Steps and limits of a canary. Default: maxSurge 25%, steps with 10 and 50 percent."),
    blueGreen: blueGreen
      .optional()
      .describe("Preview and hold of a blue-green rollout. Default: previewReplicas 1, holdSeconds 30."),
  }),
  [
    {
      cel: "!has(self.rollingUpdate) || !has(self.type) || self.type == 'RollingUpdate'",
      message: "rollingUpdate has no effect with another type: remove it or set type RollingUpdate",
      at: ["rollingUpdate"],
      holds: ({ type, rollingUpdate: given }) => given === undefined || type === "RollingUpdate",
    },
    {
      cel: "!has(self.canary) || (has(self.type) && self.type == 'Canary')",
      message: "canary has no effect with another type: remove it or set type Canary",
      at: ["canary"],
      holds: ({ type, canary: given }) => given === undefined || type === "Canary",
    },
    {
      cel: "!has(self.blueGreen) || (has(self.type) && self.type == 'BlueGreen')",
      message: "blueGreen has no effect with another type: remove it or set type BlueGreen",
      at: ["blueGreen"],
      holds: ({ type, blueGreen: given }) => given === undefined || type === "BlueGreen",
    },
  ],
);
