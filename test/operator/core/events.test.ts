import { describe, expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { plan } from "../../../operator/core/plan.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import {
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
import { accepted2, appOf, commanded, deploymentOf, observedApp, rejected2, v1, v2 } from "./situations.ts";

interface Row {
  readonly name: string;
  readonly before: Partial<Observed>;
  /** Types and reasons in order, for example `Warning CrashLoop`. */
  readonly events: readonly string[];
}

const service = renderService(observedApp());
const lastStatus = (phase: DemoAppStatus["phase"], more: Partial<DemoAppStatus> = {}): DemoAppStatus => ({
  observedGeneration: 1,
  phase,
  ...more,
});
const crashLoop = { object: "Pod/a", reason: "CrashLoop", message: "", since: at(-9), next: "" };
const stableOnly = { app: appOf("app:1", { status: lastStatus("Progressing") }), revisions: [v1], service };
const rollingOut = {
  app: appOf("app:2", { status: lastStatus("Progressing") }),
  revisions: [v1, v2],
  service,
};
const oneAvailable = { availableReplicas: 1 };
const crashingPod = unready("a", v1, crashing("no luck"));

const edited = (manager: string, spec: object): Manifest => {
  const live = deploymentOf(v1);
  const entry = { manager, operation: "Update", time: at(-1), fieldsV1: { "f:spec": { "f:replicas": {} } } };
  return {
    ...live,
    metadata: { ...live.metadata, managedFields: [entry] },
    spec: { ...(live["spec"] as object), ...spec },
  };
};

describe("events of transitions", () => {
  test.each<Row>([
    {
      name: "a rollout starts: a Normal event",
      before: { app: appOf("app:1") },
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
      name: "a rollout is superseded: Normal events for its end and the next start",
      before: {
        app: commanded("app:3", {}),
        revisions: [v1, v2],
        service,
        deployment: deploymentOf(v2),
      },
      events: ["Normal RolloutSuperseded", "Normal RolloutStarted"],
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
      },
      events: ["Warning NameTaken"],
    },
    {
      name: "someone scales the Deployment: a Normal event for the reverted drift",
      before: {
        ...stableOnly,
        deployment: edited("kubectl", { replicas: 7 }),
      },
      events: ["Normal DriftRepaired"],
    },
  ])("$name", ({ before, events }) => {
    const planned = plan(observedApp(before), startMs).events;
    expect(planned.map(({ type, reason }) => `${type} ${reason}`)).toEqual(events);
  });
});

describe("reconciles without a transition", () => {
  test.each<Omit<Row, "events">>([
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
        deployment: edited("kubectl", { replicas: 7 }),
      },
    },
  ])("$name: no event", ({ before }) => {
    expect(plan(observedApp(before), startMs).events).toEqual([]);
  });
});

test("a message is too long: it is truncated, and its next step is kept", () => {
  const verbosePod = unready("a", v1, crashing("x".repeat(1024), -5));
  const { events, status } = plan(
    observedApp({ ...stableOnly, deployment: deploymentOf(v1, oneAvailable), pods: [verbosePod] }),
    startMs,
  );
  const crash = events.find(({ reason }) => reason === "CrashLoop")?.message ?? "";
  expect(crash.length).toBeLessThanOrEqual(1024);
  expect(crash).toMatch(/… Next: Read the log: .* --previous\.$/);
  const refused = { object: "Deployment/web", status: 403, message: `admission webhook ${"x".repeat(5000)}` };
  const message = plan(observedApp({ ...stableOnly, refused }), startMs).status.message ?? "";
  expect(message.length).toBeLessThanOrEqual(2048);
  expect(message).toMatch(/… Next: Change the DemoApp/);
  expect(status.message).toContain("Next: ");
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
  const rejected = plan(observedApp(before), startMs).events.find(
    ({ reason }) => reason === "RevisionRejected",
  );
  expect(rejected?.hash).toBe(v2.hash);
});

test("the operator reports drift or a crash: the message names the manager, or the cause and next step", () => {
  const drift = observedApp({
    ...stableOnly,
    deployment: edited("kubectl-scale", { replicas: 7 }),
  });
  expect(plan(drift, startMs).events[0]?.message).toBe(
    "Deployment web was changed by kubectl-scale; the operator reverted the change.",
  );
  const crash = observedApp({
    ...stableOnly,
    deployment: deploymentOf(v1, oneAvailable),
    pods: [crashingPod],
  });
  const { events } = plan(crash, startMs);
  expect(events.find(({ reason }) => reason === "CrashLoop")?.message).toMatch(
    /^Container app .* exit code 1: no luck\. Next: Read the log/,
  );
});
