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
  /** `Warning CrashLoop` and the like, in order. */
  readonly events: readonly string[];
}

const service = renderService(observedApp());
const was = (phase: DemoAppStatus["phase"], more: Partial<DemoAppStatus> = {}): DemoAppStatus => ({
  observedGeneration: 1,
  phase,
  ...more,
});
const crashLoop = { object: "Pod/a", reason: "CrashLoop", message: "", since: at(-9), next: "" };
const stableOnly = { app: appOf("app:1", { status: was("Progressing") }), revisions: [v1], service };
const rollingOut = {
  app: appOf("app:2", { status: was("Progressing") }),
  revisions: [v1, v2],
  service,
};
const half = { availableReplicas: 1 };
const bad = unready("a", v1, crashing("no luck"));

const changed = (manager: string, spec: object): Manifest => {
  const live = deploymentOf(v1);
  const entry = { manager, operation: "Update", time: at(-1), fieldsV1: { "f:spec": { "f:replicas": {} } } };
  return {
    ...live,
    metadata: { ...live.metadata, managedFields: [entry] },
    spec: { ...(live["spec"] as object), ...spec },
  };
};

describe("one event for each transition", () => {
  test.each<Row>([
    { name: "a rollout starts", before: { app: appOf("app:1") }, events: ["Normal RolloutStarted"] },
    {
      name: "a rollout is accepted",
      before: {
        ...rollingOut,
        deployment: deploymentOf(v2),
      },
      events: ["Normal RolloutAccepted"],
    },
    {
      name: "a rollout is rejected: a person has to act",
      before: {
        ...rollingOut,
        deployment: deploymentOf(v2),
        pods: [unready("b", v2, crashing("no luck"))],
      },
      events: ["Warning RevisionRejected", "Warning CrashLoop"],
    },
    {
      name: "a rollout gives way to another",
      before: {
        app: commanded("app:3", {}),
        revisions: [v1, v2],
        service,
        deployment: deploymentOf(v2),
      },
      events: ["Normal RolloutSuperseded", "Normal RolloutStarted"],
    },
    {
      name: "going back is done: the person who has to act was told when the version was rejected",
      before: {
        app: appOf("app:2", { status: was("RollingBack") }),
        revisions: [v1, rejected2],
        service,
        deployment: deploymentOf(v1),
      },
      events: ["Normal RolledBack"],
    },
    {
      name: "pods are lost",
      before: {
        app: appOf("app:1", { status: was("Healthy") }),
        revisions: [v1],
        service,
        deployment: deploymentOf(v1, half),
      },
      events: ["Normal Recovering"],
    },
    {
      name: "something new is in the way, and waiting does not help",
      before: {
        ...stableOnly,
        deployment: deploymentOf(v1, half),
        pods: [bad],
      },
      events: ["Warning Crashing", "Warning CrashLoop"],
    },
    {
      name: "a pod is slow to be ready, as every pod is: nobody has to act",
      before: {
        ...rollingOut,
        deployment: withProgress(deploymentOf(v2, half), 1, -10),
        pods: [unready("a", v2, running("app", at(-9)))],
        warnings: [{ pod: "a", reason: "Unhealthy", message: "connection refused" }],
      },
      events: ["Normal NotReady"],
    },
    {
      name: "a name is taken at first sight",
      before: { service: foreignService },
      events: ["Warning NameTaken"],
    },
    {
      name: "a name is taken later: told once, by its phase",
      before: {
        app: appOf("app:1", { status: was("Healthy") }),
        revisions: [v1],
        service: foreignService,
      },
      events: ["Warning NameTaken"],
    },
    {
      name: "somebody scales the Deployment by hand",
      before: {
        ...stableOnly,
        deployment: changed("kubectl", { replicas: 7 }),
      },
      events: ["Normal DriftRepaired"],
    },
  ])("$name", ({ before, events }) => {
    const told = plan(observedApp(before), startMs).events;
    expect(told.map(({ type, reason }) => `${type} ${reason}`)).toEqual(events);
  });
});

describe("no event", () => {
  test.each<Omit<Row, "events">>([
    {
      name: "for what goes on as it was",
      before: {
        app: appOf("app:2", { status: was("Healthy") }),
        revisions: [v1, accepted2],
        service,
        deployment: deploymentOf(v2),
      },
    },
    {
      name: "for what was in the way before",
      before: {
        app: appOf("app:1", { status: was("Degraded", { blockers: [crashLoop] }) }),
        revisions: [v1],
        service,
        deployment: deploymentOf(v1, half),
        pods: [bad],
      },
    },
    {
      name: "for a phase that is not known from before: the status was wiped",
      before: { app: appOf("app:1"), revisions: [v1], service, deployment: deploymentOf(v1) },
    },
    {
      name: "of drift when a rollout moves on, though its notes are written",
      before: {
        ...rollingOut,
        deployment: withProgress(deploymentOf(v2, half), 0, -100),
        pods: [pod("b", v2), unready("c", v2, running("app", at(-1)))],
      },
    },
    {
      name: "of drift when the app was scaled by its own spec",
      before: {
        app: app({ ...appOf("app:1", { status: was("Progressing") }), generation: 2 }),
        revisions: [v1],
        service,
        deployment: changed("kubectl", { replicas: 7 }),
      },
    },
  ])("$name", ({ before }) => {
    expect(plan(observedApp(before), startMs).events).toEqual([]);
  });
});

test("however much a container said in the end, what to do next is not cut off", () => {
  const words = unready("a", v1, crashing("x".repeat(1024), -5));
  const { events, status } = plan(
    observedApp({ ...stableOnly, deployment: deploymentOf(v1, half), pods: [words] }),
    startMs,
  );
  const told = events.find(({ reason }) => reason === "CrashLoop")?.message ?? "";
  expect(told.length).toBeLessThanOrEqual(1024);
  expect(told).toMatch(/… Next: Read the log: .* --previous\.$/);
  const refused = { object: "Deployment/web", status: 403, message: `admission webhook ${"x".repeat(5000)}` };
  const message = plan(observedApp({ ...stableOnly, refused }), startMs).status.message ?? "";
  expect(message.length).toBeLessThanOrEqual(2048);
  expect(message).toMatch(/… Next: Change the DemoApp/);
  expect(status.message).toContain("Next: ");
});

test("an event of a rollout names its revision, and not the one that serves", () => {
  const pods = [unready("b", v2, crashing("no luck", -5))];
  const before = {
    app: appOf("app:2"),
    revisions: [v1, v2],
    service,
    deployment: deploymentOf(v2, half),
    pods,
  };
  const rejected = plan(observedApp(before), startMs).events.find(
    ({ reason }) => reason === "RevisionRejected",
  );
  expect(rejected?.hash).toBe(v2.hash);
});

test("an event says what a person reads: the words, the manager, and what to do next", () => {
  const drift = observedApp({
    ...stableOnly,
    deployment: changed("kubectl-scale", { replicas: 7 }),
  });
  expect(plan(drift, startMs).events[0]?.message).toBe(
    "Deployment web was changed by kubectl-scale; the operator reverted the change.",
  );
  const crash = observedApp({
    ...stableOnly,
    deployment: deploymentOf(v1, half),
    pods: [bad],
  });
  const { events } = plan(crash, startMs);
  expect(events.find(({ reason }) => reason === "CrashLoop")?.message).toMatch(
    /^Container app .* exit code 1: no luck\. Next: Read the log/,
  );
});
