import { expect, test } from "@jest/globals";
import type { DemoAppStatus, Phase } from "../../../operator/api/schema.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { Revision } from "../../../operator/core/observed.ts";
import { phaseOf } from "../../../operator/core/phase.ts";
import { type ObservedFields, app, at, pod, spec, withProgress } from "./objects.ts";
import { accepted2, appOf, commanded, deploymentOf, rejected2, situationOf, v1, v2 } from "./situations.ts";

const missing = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };

/** A paused app since long ago, whose condition Available changed at a second. */
const pausedStatus = (available: "True" | "False", seconds: number): DemoAppStatus => {
  const condition = (type: string, status: "True" | "False", since: number) => ({
    type,
    status,
    lastTransitionTime: at(since),
    reason: "Paused",
    message: "",
  });
  return {
    phase: "Paused",
    conditions: [condition("Ready", "False", -9000), condition("Available", available, seconds)],
  };
};

const empty = (image: string) => app({ spec: spec({ image, replicas: 0 }) });
const emptyDeployment = (of: Revision): Manifest => {
  const none = { replicas: 0, readyReplicas: 0, updatedReplicas: 0, availableReplicas: 0 };
  const live = deploymentOf(of, none);
  return { ...live, spec: { ...(live["spec"] as object), replicas: 0 } };
};

const rows: readonly {
  readonly name: string;
  readonly before: ObservedFields;
  readonly phase: Phase;
  readonly message: string;
}[] = [
  {
    name: "someone undoes a rollout by hand",
    before: { app: appOf("app:2"), revisions: [v1, accepted2], deployment: deploymentOf(v1) },
    phase: "Progressing",
    message: "Kubernetes is starting, replacing or removing pods",
  },
  {
    name: "the Service of a serving app is terminating",
    before: {
      revisions: [v1],
      deployment: deploymentOf(v1),
      service: { apiVersion: "v1", kind: "Service", metadata: { name: "web", deletionTimestamp: at(0) } },
    },
    phase: "Progressing",
    message: "Service/web of an earlier owner is still being deleted",
  },
  {
    name: "a retry is requested while the app is paused",
    before: {
      app: commanded("app:2", { retry: "2", paused: "true" }),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1),
      pods: [pod("a", v1), pod("b", v1)],
    },
    phase: "Paused",
    message: "The rollout of app:2 is paused",
  },
  {
    name: "a new revision is requested while a rollout runs and the app is paused",
    before: {
      app: commanded("app:3", { paused: "true" }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [pod("b", v2)],
    },
    phase: "Progressing",
    message: "Rolling out app:2: 1 of 2",
  },
  {
    name: "a paused app has had too few available pods for longer than the deadline",
    before: {
      app: { ...commanded("app:2", { paused: "true" }), status: pausedStatus("False", -700) },
      revisions: [v1],
      deployment: withProgress(deploymentOf(v1, { availableReplicas: 0 }), 2, -9000),
    },
    phase: "Degraded",
    message: "No progress for 600 s: 0 of 2",
  },
  {
    name: "an app has been paused for longer than the deadline, and a pod was lost just now",
    before: {
      app: { ...commanded("app:2", { paused: "true" }), status: pausedStatus("True", -9000) },
      revisions: [v1],
      deployment: deploymentOf(v1, missing),
    },
    phase: "Paused",
    message: "The rollout of app:2 is paused",
  },
  {
    name: "an app at 0 replicas has an accepted revision",
    before: { app: empty("app:1"), revisions: [v1], deployment: emptyDeployment(v1) },
    phase: "Healthy",
    message: "spec.replicas is 0: no pod runs.",
  },
  {
    name: "an app at 0 replicas has a rollout without an outcome",
    before: { app: empty("app:2"), revisions: [v1, v2], deployment: emptyDeployment(v2) },
    phase: "Healthy",
    message: "Rollout 2 of app:2 stays open.",
  },
];

test.each(rows)("$name: $phase", ({ before, phase, message }) => {
  const result = phaseOf(situationOf(before));
  expect(result.phase).toBe(phase);
  expect(result.summary.message).toContain(message);
});
