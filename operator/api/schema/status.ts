import * as z from "zod";
import { atomicList, text } from "./fields.ts";

/** Every phase of an app. */
export const phases = [
  "Installing",
  "Healthy",
  "Progressing",
  "Paused",
  "Promoting",
  "RollingBack",
  "Degraded",
  "Suspended",
] as const;

const time = (description: string) => text(35).meta({ format: "date-time" }).describe(description);
const hash = text(63).describe("Hash of the fields that affect pods.");
const image = text(512).describe("Image of the revision.");
const rollout = z
  .int()
  .min(0)
  .describe("Number of the rollout, as command annotations such as demoapp.dev/retry name it.");
const count = z.int().min(0).max(100_000);

const revision = z.object({
  hash,
  image,
  since: time("When the revision was accepted, or its rollout started."),
  rollout,
});

const rejected = z.object({
  hash,
  image,
  rollout,
  reason: text(128).describe("Reason of the rejection, one word."),
  message: text(2048).describe("Reason of the rejection, a sentence."),
  at: time("When the revision was rejected."),
});

const condition = z.object({
  type: text(316).describe("Type of the condition: Ready, Reconciling, Stalled or Available."),
  status: z.enum(["True", "False", "Unknown"]).describe("Status of the condition: True, False or Unknown."),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe("The metadata.generation that the condition describes."),
  lastTransitionTime: time("When the status of the condition last changed."),
  reason: text(1024).describe("Reason of the status, one word."),
  message: text(32_768).describe("Reason of the status, a sentence."),
});

const step = z.object({
  index: z.int().min(0).max(100).describe("Index of the present step, from 1."),
  total: z.int().min(0).max(100).describe("Number of steps of the rollout."),
  name: text(128).describe("What the step does."),
  startedAt: time("When the step started."),
  best: count.describe(
    "Largest number of available pods in this step, as the Deployment stores it. Unit: pods.",
  ),
  progressAt: time(
    "When best last rose. The progress deadline counts from the newest rise, which is stored at most a tenth of the deadline later, or 10 s.",
  ),
});

const blocker = z.object({
  object: text(512).describe("The blocked or blocking object, as kind/name."),
  reason: text(128).describe("Reason of the blocker, one word."),
  message: text(2048).describe("Reason of the blocker, a sentence."),
  since: time("When the operator first saw the reason."),
  next: text(2048).describe("The command or edit that removes the blocker."),
});

const historyEntry = z.object({
  rollout,
  hash,
  image,
  startedAt: time("When the rollout started."),
  finishedAt: time("When the rollout ended.").optional(),
  outcome: text(64).describe(
    "Outcome of the rollout: Accepted, Rejected or Superseded; Running before that.",
  ),
  reason: text(128)
    .optional()
    .describe(
      "Reason of a rejection, one word; PromotedUndecided if a person promoted the rollout before the evidence was enough.",
    ),
});

const display = z.object({
  ready: text(32).optional().describe("Ready pods and desired pods, such as 2/2."),
  step: text(32).optional().describe("Present step and number of steps, such as 2/5."),
  weight: text(32).optional().describe("Share of the candidate's pods, such as 20%."),
  image: text(512).optional().describe("spec.image with the first 12 digits of its digest."),
});

const weight = z.object({
  desired: z.int().min(0).max(100).describe("Share that the step requests. Unit: percent."),
  actual: z.int().min(0).max(100).describe("Share of the candidate among the ready pods. Unit: percent."),
});

const counted = z.object({
  requests: z.int().min(0).describe("Requests that were counted."),
  failed: z.int().min(0).describe("How many of them failed, or took too long."),
});

const numbers = (description: string) => text(1024).describe(`${description}, as numbers in a fixed order.`);

const metric = z.object({
  name: z.enum(["errors", "latency"]).describe("What is counted: errors or latency."),
  verdict: z
    .enum(["Passed", "Failed", "Undecided"])
    .describe("What the evidence says: Passed, Failed or Undecided."),
  message: text(2048).describe("The numbers behind the verdict, and what is missing for one."),
  candidate: counted.describe("Requests of the new version."),
  stable: counted.describe("Requests of the stable version in the same time."),
  evidence: numbers("State of the sequential test"),
});

const measuredPod = z.object({
  uid: text(64).describe("UID of the pod."),
  track: z.enum(["stable", "candidate"]).describe("Track of the pod: stable or candidate."),
  startedAt: time("When the app's container started."),
  at: time("When the counters were read."),
  counters: numbers("Restarts and counters"),
});

const analysis = z.object({
  rollout,
  settings: text(63).describe("Hash of spec.analysis. With other settings the evidence starts anew."),
  since: time("When the first request was counted.").optional(),
  at: time("When requests were last counted."),
  metrics: atomicList(metric, 2).describe("The verdict on each metric."),
  load: numbers("Requests and pods of both tracks"),
  pods: atomicList(measuredPod, 20).describe("The pods whose counters are read."),
  problem: z
    .object({
      reason: z.enum(["NoTraffic", "NoMetrics"]).describe("Reason of the blocker: NoTraffic or NoMetrics."),
      message: text(1024).describe("What was looked for, and what is there."),
    })
    .optional()
    .describe("Why no requests are counted at present."),
});

export const demoAppStatus = z.object({
  observedGeneration: z
    .int()
    .min(-1)
    .optional()
    .describe("The metadata.generation that the status describes; -1 before the first status."),
  phase: z.enum(phases).optional().describe("The state of the app, one word."),
  message: text(2048)
    .optional()
    .describe("What the operator does, what blocks the app, and what to do next."),
  conditions: z
    .array(condition)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .optional()
    .describe(
      "Conditions by the kstatus rules: Ready and Available always, Reconciling and Stalled only while True.",
    ),
  stable: revision.optional().describe("The revision that was accepted last."),
  candidate: revision.optional().describe("The revision whose rollout is in progress."),
  rejected: atomicList(rejected, 10)
    .optional()
    .describe(
      "The 10 newest rejected revisions, and always the requested one. The operator never retries them without a command.",
    ),
  step: step.optional().describe("The present step of the rollout, once the rollout has lasted 10 s."),
  weight: weight.optional().describe("Share of the candidate's pods. Unit: percent."),
  analysis: analysis
    .optional()
    .describe(
      "The evidence for and against the candidate. Written at most every 30 s while no verdict changes.",
    ),
  replicas: count.optional().describe("Pods of the Deployment. Unit: pods."),
  readyReplicas: count.optional().describe("Pods that are ready. Unit: pods."),
  updatedReplicas: count.optional().describe("Pods with the current pod template. Unit: pods."),
  availableReplicas: count.optional().describe("Pods that have been ready for minReadySeconds. Unit: pods."),
  selector: text(1024).optional().describe("Label selector of the app's pods, for kubectl scale and an HPA."),
  blockers: atomicList(blocker, 20)
    .optional()
    .describe("Everything that blocks the app, each with what to do."),
  history: atomicList(historyEntry, 20)
    .optional()
    .describe("The last rollout of each stored revision, newest first."),
  display: display.optional().describe("Texts of the columns of kubectl get."),
});
