import { describe, expect, test } from "@jest/globals";
import { fieldManager } from "../../../operator/api/names.ts";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import {
  type ObservedFields,
  app,
  at,
  crashing,
  foreignService,
  pod,
  running,
  startMs,
  unready,
  withProgress,
} from "./objects.ts";
import {
  planOf,
  accepted2,
  appOf,
  commanded,
  deploymentOf,
  observedApp,
  rejected2,
  v1,
  v2,
  editedDeployment,
} from "./situations.ts";

interface Row {
  readonly name: string;
  readonly before: ObservedFields;
  /** Types and reasons in order, for example `Warning CrashLoop`. */
  readonly events: readonly string[];
}

const service = renderService(observedApp(), "stable");
const lastStatus = (phase: DemoAppStatus["phase"], more: Partial<DemoAppStatus> = {}): DemoAppStatus => ({
  observedGeneration: 1,
  phase,
  ...more,
});
const told = {
  index: 1,
  total: 1,
  name: "RollingUpdate",
  startedAt: v2.startedAt,
  best: 0,
  progressAt: at(-100),
};
const crashLoop = { object: "Pod/a", reason: "CrashLoop", message: "", since: at(-9), next: "" };
const stableOnly = { app: appOf("app:1", { status: lastStatus("Progressing") }), revisions: [v1], service };
const rollingOut = {
  app: appOf("app:2", { status: lastStatus("Progressing", { step: told }) }),
  revisions: [v1, v2],
  service,
};
/** The rollout of app:2, started some seconds ago. */
const startedAgo = (seconds: number) => ({
  ...rollingOut,
  app: appOf("app:2", { status: lastStatus("Progressing") }),
  revisions: [v1, { ...v2, startedAt: at(-seconds) }],
  deployment: withProgress(deploymentOf(v2, oneAvailable), 1, -seconds),
});
const oneAvailable = { availableReplicas: 1 };
const crashingPod = unready("a", v1, crashing("no luck"));

describe("events of transitions", () => {
  test.each<Row>([
    {
      name: "a rollout lasts 10 s: a Normal event",
      before: startedAgo(10),
      events: ["Normal RolloutStarted"],
    },
    {
      name: "a rollout is accepted: a Normal event",
      before: {
        ...rollingOut,
        deployment: deploymentOf(v2),
      },
      events: ["Normal RolloutAccepted"],
    },
    {
      name: "a rollout is rejected: Warning events for the revision and the cause",
      before: {
        ...rollingOut,
        deployment: deploymentOf(v2),
        pods: [unready("b", v2, crashing("no luck"))],
      },
      events: ["Warning RevisionRejected", "Warning CrashLoop"],
    },
    {
      name: "a rollout is superseded: Normal events for its end",
      before: {
        app: commanded("app:3", {}),
        revisions: [v1, v2],
        service,
        deployment: deploymentOf(v2),
      },
      events: ["Normal RolloutSuperseded"],
    },
    {
      name: "a rollback is complete: a Normal event, because a Warning reported the rejection",
      before: {
        app: appOf("app:2", { status: lastStatus("RollingBack") }),
        revisions: [v1, rejected2],
        service,
        deployment: deploymentOf(v1),
      },
      events: ["Normal RolledBack"],
    },
    {
      name: "an available pod is lost: a Normal event",
      before: {
        app: appOf("app:1", { status: lastStatus("Healthy") }),
        revisions: [v1],
        service,
        deployment: deploymentOf(v1, oneAvailable),
      },
      events: ["Normal Recovering"],
    },
    {
      name: "a pod is in a crash loop: Warning events for the phase and the blocker",
      before: {
        ...stableOnly,
        deployment: deploymentOf(v1, oneAvailable),
        pods: [crashingPod],
      },
      events: ["Warning Crashing", "Warning CrashLoop"],
    },
    {
      name: "a pod is not ready before the deadline: a Normal event",
      before: {
        ...rollingOut,
        deployment: withProgress(deploymentOf(v2, oneAvailable), 1, -10),
        pods: [unready("a", v2, running("app", at(-9)))],
        warnings: [{ pod: "a", reason: "Unhealthy", message: "connection refused" }],
      },
      events: ["Normal NotReady"],
    },
    {
      name: "a foreign Service has a new app's name: a Warning event",
      before: { service: foreignService },
      events: ["Warning NameTaken"],
    },
    {
      name: "a foreign Service has a healthy app's name: one Warning event",
      before: {
        app: appOf("app:1", { status: lastStatus("Healthy") }),
        revisions: [v1],
        service: foreignService,
        deployment: deploymentOf(v1),
      },
      events: ["Warning NameTaken"],
    },
  ])("$name", ({ before, events }) => {
    const planned = planOf(before).events;
    expect(planned.map(({ type, reason }) => `${type} ${reason}`)).toEqual(events);
  });
});

describe("reconciles without a transition", () => {
  test.each<Omit<Row, "events">>([
    { name: "a rollout starts", before: { app: appOf("app:1") } },
    { name: "a rollout lasts less than 10 s", before: startedAgo(9) },
    {
      name: "a rollout starts, and the status tells it later",
      before: { ...startedAgo(1), app: appOf("app:2", { status: lastStatus("Healthy") }) },
    },
    {
      name: "the app stays healthy",
      before: {
        app: appOf("app:2", { status: lastStatus("Healthy") }),
        revisions: [v1, accepted2],
        service,
        deployment: deploymentOf(v2),
      },
    },
    {
      name: "the status has the blocker already",
      before: {
        app: appOf("app:1", { status: lastStatus("Degraded", { blockers: [crashLoop] }) }),
        revisions: [v1],
        service,
        deployment: deploymentOf(v1, oneAvailable),
        pods: [crashingPod],
      },
    },
    {
      name: "the status was deleted, so the last phase is unknown",
      before: { app: appOf("app:1"), revisions: [v1], service, deployment: deploymentOf(v1) },
    },
    {
      name: "a rollout stores its progress on the Deployment",
      before: {
        ...rollingOut,
        deployment: withProgress(deploymentOf(v2, oneAvailable), 0, -100),
        pods: [pod("b", v2), unready("c", v2, running("app", at(-1)))],
      },
    },
    {
      name: "the Deployment differs because the app's spec changed",
      before: {
        app: app({ ...appOf("app:1", { status: lastStatus("Progressing") }), generation: 2 }),
        revisions: [v1],
        service,
        deployment: editedDeployment(fieldManager, { replicas: 7 }, "Apply"),
      },
    },
  ])("$name: no event", ({ before }) => {
    expect(planOf(before).events).toEqual([]);
  });
});

test("a rollout is rejected: the event has the hash of the rejected revision, not of the stable one", () => {
  const pods = [unready("b", v2, crashing("no luck", -5))];
  const before = {
    app: appOf("app:2"),
    revisions: [v1, v2],
    service,
    deployment: deploymentOf(v2, oneAvailable),
    pods,
  };
  const rejected = planOf(before).events.find(({ reason }) => reason === "RevisionRejected");
  expect(rejected?.hash).toBe(v2.hash);
});

test("the operator reports drift or a crash: the message names the manager, or the cause and next step", () => {
  const drift = observedApp({
    ...stableOnly,
    deployment: editedDeployment("kubectl-scale", { replicas: 7 }),
  });
  expect(planOf(drift, startMs).events[0]?.message).toBe(
    "Deployment web was changed by kubectl-scale; the operator reverted the change.",
  );
  const crash = observedApp({
    ...stableOnly,
    deployment: deploymentOf(v1, oneAvailable),
    pods: [crashingPod],
  });
  const { events } = planOf(crash, startMs);
  expect(events.find(({ reason }) => reason === "CrashLoop")?.message).toMatch(
    /^Container app .* exit code 1\. Next: Read the log/,
  );
});
