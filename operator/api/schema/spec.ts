import * as z from "zod";
import { analysis, analysisRules } from "./analysis.ts";
import { env, envFrom } from "./container.ts";
import { portNumber, seconds, text, withDefault } from "./fields.ts";
import { pod } from "./pod.ts";
import { probes } from "./probes.ts";
import { resources } from "./resources.ts";
import { matches, withRules, type Rule } from "./rule.ts";
import { strategy } from "./strategy.ts";

const image = withRules(text(512).min(1), [
  matches(
    "^[A-Za-z0-9._:/@+\\[\\]-]*$",
    "image must not have blanks, nor characters other than letters, digits and ._:/@+-[]: write it as registry/name:tag or registry/name@sha256:…",
  ),
]);

/** RFC 3339, in UTC or with an offset. A pattern, because the time parsers of the two engines differ. */
const time =
  "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";
const isPattern = new RegExp(time);
/** True if the text is an RFC 3339 time, as `restartAt` requires. */
export const isTime = (text: string): boolean => isPattern.test(text) && !Number.isNaN(Date.parse(text));

const restartAt = withRules(text(35), [
  matches(`^$|${time}`, "restartAt must be an RFC 3339 time such as 2026-01-31T12:00:00Z"),
]);

/** Most old revisions that the operator keeps of an app. */
export const maxHistory = 20;
const historyLimit = z.int().min(0);

const fields = {
  image: image.describe("Image to run, by tag, by digest or both. Required."),
  replicas: z
    .int()
    .min(0)
    .max(1000)
    .apply(withDefault, 2)
    .describe(
      "Number of pods. Whoever scales the DemoApp (kubectl scale, an HPA) owns this field. Default: 2. Unit: pods.",
    ),
  port: portNumber
    .apply(withDefault, 8080)
    .describe("Port on which the app listens, named http in the pod. Default: 8080. Unit: TCP port."),
  service: z
    .strictObject({
      port: portNumber.apply(withDefault, 80).describe("Port of the Service. Default: 80. Unit: TCP port."),
    })
    .apply(withDefault, {})
    .describe("The ClusterIP Service in front of the pods. Default: port 80."),
  probes: probes
    .apply(withDefault, {})
    .describe("How Kubernetes checks that the app is alive and ready. Default: HTTP GET /health."),
  resources: resources
    .optional()
    .describe(
      "CPU and memory of the app's container. Default: requests 100m and 128Mi, limits 250m and 256Mi.",
    ),
  env: env.optional().describe("Environment variables, as in a container. Default: none."),
  envFrom: envFrom
    .optional()
    .describe("ConfigMaps and Secrets whose keys become environment variables. Default: none."),
  minReadySeconds: seconds
    .max(3600)
    .apply(withDefault, 0)
    .describe("Time that a pod must be ready before it counts as available. Default: 0. Unit: seconds."),
  pod: pod.optional().describe("Other fields of the pod. Default: a hardened pod."),
  strategy: strategy
    .apply(withDefault, {})
    .describe("How the operator rolls out a new version. Default: RollingUpdate."),
  analysis: analysis
    .optional()
    .describe(
      "Judges a canary, or the hold of a blue-green rollout, by the requests that its pods count. Default: none, readiness and restarts alone decide.",
    ),
  progressDeadlineSeconds: seconds
    .min(1)
    .max(86_400)
    .apply(withDefault, 600)
    .describe(
      "Time without progress after which a rollout fails; must be above minReadySeconds. Default: 600. Unit: seconds.",
    ),
  rollback: z
    .strictObject({
      automatic: z
        .boolean()
        .apply(withDefault, true)
        .describe("True: the operator rolls back a rejected version automatically. Default: true."),
    })
    .apply(withDefault, {})
    .describe("What the operator does with a bad version. Default: automatic true."),
  suspend: z
    .boolean()
    .apply(withDefault, false)
    .describe("True: the operator writes only the status. Default: false."),
  restartAt: restartAt
    .optional()
    .describe(
      "Time at which pods created before are replaced once; a time before the last restart has no effect. Default: none. Unit: RFC 3339 time.",
    ),
  revisionHistoryLimit: historyLimit
    .max(maxHistory)
    .apply(withDefault, 10)
    .describe("Number of old revisions to keep, at most 20. Default: 10. Unit: revisions."),
};

type Spec = z.output<z.ZodObject<typeof fields>>;

const rules: readonly Rule<Spec>[] = [
  {
    cel: "!has(self.pod) || !has(self.pod.ports) || !self.pod.ports.exists(p, p.containerPort == (has(self.port) ? self.port : 8080) && (!has(p.protocol) || p.protocol == 'TCP'))",
    message: "pod.ports must not repeat spec.port: remove the entry or change its containerPort",
    at: ["pod", "ports"],
    holds: ({ pod: { ports = [] } = {}, port }) =>
      !ports.some(({ containerPort, protocol }) => containerPort === port && protocol === "TCP"),
  },
  {
    cel: "(has(self.progressDeadlineSeconds) ? self.progressDeadlineSeconds : 600) > (has(self.minReadySeconds) ? self.minReadySeconds : 0)",
    message: "progressDeadlineSeconds must be above minReadySeconds: raise it",
    at: ["progressDeadlineSeconds"],
    holds: ({ progressDeadlineSeconds, minReadySeconds }) => progressDeadlineSeconds > minReadySeconds,
  },
  ...analysisRules,
];

export const demoAppSpec = withRules(z.strictObject(fields), rules);

/** The spec of a stored object, which an older schema may have accepted with a larger history. */
export const storedSpec: typeof demoAppSpec = withRules(
  z.strictObject({ ...fields, revisionHistoryLimit: historyLimit.apply(withDefault, 10) }),
  rules,
);
