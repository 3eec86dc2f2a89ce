import { describe, expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { plan } from "../../../operator/core/plan.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { accepted2, acts, carrying, rejected2, v1, v2, valid, wants } from "./deciding.ts";
import { app, at, crashing, noted, pod, running, startMs, unready } from "./objects.ts";

interface Row {
  readonly name: string;
  readonly before: Partial<Observed>;
  /** `Warning CrashLoop` and the like, in order. */
  readonly events: readonly string[];
}

const service = renderService(valid({}));
const was = (phase: DemoAppStatus["phase"], more: Partial<DemoAppStatus> = {}): DemoAppStatus => ({
  observedGeneration: 1,
  phase,
  ...more,
});
const crashLoop = { object: "Pod/a", reason: "CrashLoop", message: "", since: at(-9), next: "" };
const half = { availableReplicas: 1 };
const bad = unready("a", v1, crashing("no luck"));

const changed = (manager: string, spec: object): Manifest => {
  const live = noted(carrying(v1), { best: 1, seconds: -100 });
  const entry = { manager, operation: "Update", time: at(-1), fieldsV1: { "f:spec": { "f:replicas": {} } } };
  return {
    ...live,
    metadata: { ...live.metadata, managedFields: [entry] },
    spec: { ...(live["spec"] as object), ...spec },
  };
};

describe("one event for each transition", () => {
  test.each<Row>([
    { name: "a rollout starts", before: { app: wants("app:1") }, events: ["Normal RolloutStarted"] },
    {
      name: "a rollout is accepted",
      before: {
        app: wants("app:2", { status: was("Progressing") }),
        revisions: [v1, v2],
        service,
        deployment: carrying(v2),
      },
      events: ["Normal RolloutAccepted"],
    },
    {
      name: "a rollout is rejected: a person has to act",
      before: {
        app: wants("app:2", { status: was("Progressing") }),
        revisions: [v1, v2],
        service,
        deployment: carrying(v2),
        pods: [unready("b", v2, crashing("no luck"))],
      },
      events: ["Warning RevisionRejected", "Warning CrashLoop"],
    },
    {
      name: "a rollout gives way to another",
      before: {
        app: acts("app:3", {}),
        revisions: [v1, v2],
        service,
        deployment: carrying(v2),
      },
      events: ["Normal RolloutSuperseded", "Normal RolloutStarted"],
    },
    {
      name: "going back is done: the person who has to act was told when the version was rejected",
      before: {
        app: wants("app:2", { status: was("RollingBack") }),
        revisions: [v1, rejected2],
        service,
        deployment: carrying(v1),
      },
      events: ["Normal RolledBack"],
    },
    {
      name: "pods are lost",
      before: {
        app: wants("app:1", { status: was("Healthy") }),
        revisions: [v1],
        service,
        deployment: carrying(v1, half),
      },
      events: ["Normal Recovering"],
    },
    {
      name: "something new is in the way, and waiting does not help",
      before: {
        app: wants("app:1", { status: was("Progressing") }),
        revisions: [v1],
        service,
        deployment: carrying(v1, half),
        pods: [bad],
      },
      events: ["Warning Crashing", "Warning CrashLoop"],
    },
    {
      name: "a pod is slow to be ready, as every pod is: nobody has to act",
      before: {
        app: wants("app:2", { status: was("Progressing") }),
        revisions: [v1, v2],
        service,
        deployment: noted(carrying(v2, half), { best: 1, seconds: -10 }),
        pods: [unready("a", v2, running("app", at(-9)))],
        warnings: [{ pod: "a", reason: "Unhealthy", message: "connection refused" }],
      },
      events: ["Normal NotReady"],
    },
    {
      name: "a name is taken at first sight",
      before: { service: { apiVersion: "v1", kind: "Service", metadata: { name: "web" } } },
      events: ["Warning NameTaken"],
    },
    {
      name: "a name is taken later: told once, by its phase",
      before: {
        app: wants("app:1", { status: was("Healthy") }),
        revisions: [v1],
        service: { apiVersion: "v1", kind: "Service", metadata: { name: "web" } },
      },
      events: ["Warning NameTaken"],
    },
    {
      name: "somebody scales the Deployment by hand",
      before: {
        app: wants("app:1", { status: was("Progressing") }),
        revisions: [v1],
        service,
        deployment: changed("kubectl", { replicas: 7 }),
      },
      events: ["Normal DriftRepaired"],
    },
  ])("$name", ({ before, events }) => {
    const told = plan(valid(before), startMs).events;
    expect(told.map(({ type, reason }) => `${type} ${reason}`)).toEqual(events);
  });
});

describe("no event", () => {
  test.each<Row>([
    {
      name: "for what goes on as it was",
      before: {
        app: wants("app:2", { status: was("Healthy") }),
        revisions: [v1, accepted2],
        service,
        deployment: carrying(v2),
      },
      events: [],
    },
    {
      name: "for what was in the way before",
      before: {
        app: wants("app:1", { status: was("Degraded", { blockers: [crashLoop] }) }),
        revisions: [v1],
        service,
        deployment: carrying(v1, half),
        pods: [bad],
      },
      events: [],
    },
    {
      name: "for a phase that is not known from before: the status was wiped",
      before: { app: wants("app:1"), revisions: [v1], service, deployment: carrying(v1) },
      events: [],
    },
    {
      name: "of drift when a rollout moves on, though its notes are written",
      before: {
        app: wants("app:2", { status: was("Progressing") }),
        revisions: [v1, v2],
        service,
        deployment: noted(carrying(v2, half), { best: 0, seconds: -100 }),
        pods: [pod("b", v2), unready("c", v2, running("app", at(-1)))],
      },
      events: [],
    },
    {
      name: "of drift when the app was scaled by its own spec",
      before: {
        app: app({ ...wants("app:1", { status: was("Progressing") }), generation: 2 }),
        revisions: [v1],
        service,
        deployment: changed("kubectl", { replicas: 7 }),
      },
      events: [],
    },
  ])("$name", ({ before }) => {
    expect(plan(valid(before), startMs).events).toEqual([]);
  });
});

test("however much a container said in the end, what to do next is not cut off", () => {
  const words = unready("a", v1, crashing("x".repeat(1024), -5));
  const before = { app: wants("app:1", { status: was("Progressing") }), revisions: [v1], service };
  const { events, status } = plan(
    valid({ ...before, deployment: carrying(v1, half), pods: [words] }),
    startMs,
  );
  const told = events.find(({ reason }) => reason === "CrashLoop")?.message ?? "";
  expect(told.length).toBeLessThanOrEqual(1024);
  expect(told).toMatch(/… Next: Read the log: .* --previous\.$/);
  const refused = { object: "Deployment/web", status: 403, message: `admission webhook ${"x".repeat(5000)}` };
  const message = plan(valid({ ...before, refused }), startMs).status.message ?? "";
  expect(message.length).toBeLessThanOrEqual(2048);
  expect(message).toMatch(/… Next: Change the DemoApp/);
  expect(status.message).toContain("Next: ");
});

test("an event of a rollout names its revision, and not the one that serves", () => {
  const pods = [unready("b", v2, crashing("no luck", -5))];
  const before = { app: wants("app:2"), revisions: [v1, v2], service, deployment: carrying(v2, half), pods };
  const rejected = plan(valid(before), startMs).events.find(({ reason }) => reason === "RevisionRejected");
  expect(rejected?.hash).toBe(v2.hash);
});

test("an event says what a person reads: the words, the manager, and what to do next", () => {
  const drift = valid({
    app: wants("app:1", { status: was("Progressing") }),
    revisions: [v1],
    service,
    deployment: changed("kubectl-scale", { replicas: 7 }),
  });
  expect(plan(drift, startMs).events[0]?.message).toBe(
    "Deployment web was changed by kubectl-scale; the change is undone.",
  );
  const crash = valid({
    app: wants("app:1", { status: was("Progressing") }),
    revisions: [v1],
    service,
    deployment: carrying(v1, half),
    pods: [bad],
  });
  const { events } = plan(crash, startMs);
  expect(events.find(({ reason }) => reason === "CrashLoop")?.message).toMatch(
    /^Container app .* exit code 1: no luck\. Next: Read the log/,
  );
});
