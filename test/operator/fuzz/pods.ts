import * as fc from "fast-check";
import { labels } from "../../../operator/api/names.ts";
import { compact, type Fields } from "../../sim/apiserver/json.ts";
import { number, text, time, record } from "./values.ts";

const waitingReason = fc.constantFrom(
  "CrashLoopBackOff",
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "ErrImagePull",
  "InvalidImageName",

  "CreateContainerConfigError",
  "CreateContainerError",
  "PodInitializing",
  "ContainerCreating",
  "constructor",
);

const terminated = record({
  exitCode: fc.oneof(fc.constantFrom(0, 1, 137), number),
  reason: fc.oneof(fc.constantFrom("Error", "OOMKilled", "Completed"), text),
  message: text,
  finishedAt: time,
});

const state: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 3, arbitrary: time.map((startedAt) => ({ running: { startedAt } })) },
  { weight: 3, arbitrary: record({ waiting: record({ reason: waitingReason, message: text }) }) },
  { weight: 1, arbitrary: record({ terminated }) },
  { weight: 1, arbitrary: fc.constantFrom<Fields>({}, { running: {} }, { waiting: {} }) },
);

const container: fc.Arbitrary<Fields> = record(
  {
    name: fc.constantFrom("app", "app", "app", "b", "constructor"),
    ready: fc.boolean(),
    restartCount: fc.constantFrom(0, 1, 3, 100, 2 ** 31 - 1),
    state,
    lastState: fc.oneof(fc.constant({}), record({ terminated })),
  },
  { requiredKeys: ["name", "ready", "restartCount"] },
);

const readyPod = record({
  phase: fc.constant("Running"),
  conditions: time.map((at) => [{ type: "Ready", status: "True", lastTransitionTime: at }]),
  containerStatuses: time.map((startedAt) => [
    { name: "app", ready: true, restartCount: 0, state: { running: { startedAt } } },
  ]),
});

const conditions = fc.constantFrom("Ready", "PodScheduled", "x").chain((type) =>
  fc.array(
    record({
      type: fc.constant(type),
      status: fc.constantFrom("True", "False"),
      reason: fc.constantFrom("Unschedulable", "ContainersNotReady"),
      message: text,
      lastTransitionTime: time,
    }),
    { maxLength: 1 },
  ),
);

const hostilePod = record(
  {
    phase: fc.constantFrom("Running", "Running", "Pending", "Failed", "constructor"),
    conditions,
    containerStatuses: fc.array(container, { maxLength: 2 }),
    initContainerStatuses: fc.array(container, { maxLength: 1 }),
  },
  { requiredKeys: [] },
);

export const podStatus: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 2, arbitrary: readyPod },
  { weight: 3, arbitrary: hostilePod },
);

/** Warning Events about pods. */
export const events: fc.Arbitrary<readonly Fields[]> = fc.array(
  record(
    {
      reason: fc.oneof(fc.constantFrom("Unhealthy", "FailedMount", "FailedCreatePodSandBox"), text),
      message: text,
    },
    { requiredKeys: [] },
  ),
  { maxLength: 2 },
);

/** A pod of the app's Deployment, with the labels of a revision's template. */
export const podObject = (
  app: { readonly name: string; readonly namespace: string },
  at: number,
  { hash, status, createdAt }: { hash: string; status: Fields; createdAt: string },
): Fields => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: compact({
    name: `${app.name}-5d4f-${at}`,
    namespace: app.namespace,
    uid: `uid-pod-${at}`,
    creationTimestamp: createdAt,
    labels: {
      [labels.name]: app.name,
      [labels.managedBy]: "demoapp-operator",
      [labels.track]: "stable",
      [labels.hash]: hash,
      "pod-template-hash": "5d4f",
    },
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: `${app.name}-5d4f`,
        uid: "uid-rs",
        controller: true,
      },
    ],
  }),
  status,
});
