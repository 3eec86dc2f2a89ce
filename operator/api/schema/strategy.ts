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

export const strategy = z.strictObject({
  type: z
    .enum(["RollingUpdate"])
    .apply(withDefault, "RollingUpdate")
    .describe("How a new version replaces the old one. RollingUpdate: pod by pod. Default: RollingUpdate."),
  rollingUpdate: rollingUpdate
    .optional()
    .describe("Limits of a rolling update. Default: maxSurge 25%, maxUnavailable 0."),
});
