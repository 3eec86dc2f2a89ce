import * as z from "zod";
import { atomicList, text } from "./fields.ts";

/** Every state that an app can be in. */
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
const hash = text(63).describe("Hash of what affects the pods.");
const image = text(512).describe("Image of the revision.");
const rollout = z.int().min(0).describe("Number of the rollout, which acts such as demoapp.dev/retry name.");
const count = z.int().min(0).max(100_000);

const revision = z.object({ hash, image, since: time("Since when it is so."), rollout });

const rejected = z.object({
  hash,
  image,
  rollout,
  reason: text(128).describe("Why, in one word."),
  message: text(2048).describe("Why, in a sentence."),
  at: time("When it was rejected."),
});

const condition = z.object({
  type: text(316).describe("Ready, Reconciling, Stalled or Available."),
  status: z.enum(["True", "False", "Unknown"]).describe("True, False or Unknown."),
  observedGeneration: z.int().min(0).optional().describe("The metadata.generation that this is about."),
  lastTransitionTime: time("When status last changed."),
  reason: text(1024).describe("Why, in one word."),
  message: text(32_768).describe("Why, in a sentence."),
});

const step = z.object({
  index: z.int().min(0).max(100).describe("Which step of the rollout is at work, from 1."),
  total: z.int().min(0).max(100).describe("How many steps the rollout has."),
  name: text(128).describe("What the step does."),
  startedAt: time("When the step began."),
  best: count.describe("Most available pods seen in this step. Unit: pods."),
  progressAt: time("When best last rose; the deadline counts from here."),
});

const blocker = z.object({
  object: text(512).describe("The object that it is about, as kind/name."),
  reason: text(128).describe("What is in the way, in one word."),
  message: text(2048).describe("What is in the way, in a sentence."),
  since: time("Since when."),
  next: text(2048).describe("The exact command or edit that helps."),
});

const historyEntry = z.object({
  rollout,
  hash,
  image,
  startedAt: time("When it began."),
  finishedAt: time("When it ended.").optional(),
  outcome: text(64).describe("How it ended: Accepted, Rejected or Superseded; Running while it has not."),
});

const display = z.object({
  ready: text(32).optional().describe("Ready of wanted pods, such as 2/2."),
  step: text(32).optional().describe("Step of all steps, such as 2/5."),
  weight: text(32).optional().describe("Share of the candidate, such as 20%."),
  image: text(512).optional().describe("spec.image with the first 12 digits of its digest."),
});

const weight = z.object({
  desired: z.int().min(0).max(100).describe("Share that the step asks for. Unit: percent."),
  actual: z.int().min(0).max(100).describe("Share of the ready pods. Unit: percent."),
});

export const demoAppStatus = z.object({
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe("The metadata.generation that this status is about."),
  phase: z.enum(phases).optional().describe("The state of the app in one word."),
  message: text(2048)
    .optional()
    .describe("What it does, what it waits for and what to do next, in one sentence."),
  conditions: z
    .array(condition)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .optional()
    .describe(
      "For machines, by kstatus rules: Ready and Available always, Reconciling and Stalled only while True.",
    ),
  stable: revision.optional().describe("The accepted revision that serves."),
  candidate: revision.optional().describe("The revision that is being rolled out."),
  rejected: atomicList(rejected, 10)
    .optional()
    .describe(
      "The last 10 revisions that were rejected, the one that the spec asks for always among them; none is retried by itself.",
    ),
  step: step.optional().describe("The step of the rollout that is at work."),
  weight: weight.optional().describe("Share of the candidate. Unit: percent."),
  replicas: count.optional().describe("Pods that exist. Unit: pods."),
  readyReplicas: count.optional().describe("Pods that are ready. Unit: pods."),
  updatedReplicas: count.optional().describe("Pods of the revision that is to run. Unit: pods."),
  availableReplicas: count.optional().describe("Pods that were ready for minReadySeconds. Unit: pods."),
  selector: text(1024)
    .optional()
    .describe("Selects the pods that the Service selects; for kubectl scale and an HPA."),
  blockers: atomicList(blocker, 20).optional().describe("What is in the way, each with what to do about it."),
  history: atomicList(historyEntry, 20)
    .optional()
    .describe("The last rollout of each revision that is kept, newest first."),
  display: display.optional().describe("Texts for the columns of kubectl get."),
});
