import { describe, expect, test } from "@jest/globals";
import type { Blocker } from "../../../operator/api/schema.ts";
import { hashOf } from "../../../operator/core/hash.ts";
import {
  type ObservedFields,
  app,
  at,
  crashing,
  pod,
  revision,
  running,
  spec,
  unready,
  unreadySince,
  withProgress,
} from "./objects.ts";
import { appOf, commanded, deploymentOf, observedApp, outcomes, planOf, v1, v2 } from "./situations.ts";

const blockerOf = (before: ObservedFields, reason: string, seconds = 0): Blocker | undefined =>
  planOf(before, Date.parse(at(seconds))).status.blockers?.find((blocker) => blocker.reason === reason);

describe("a rejected version: the next step fits the reason", () => {
  const retry = "kubectl -n team annotate demoapp web --overwrite demoapp.dev/retry=2";

  test.each([
    { reason: "CrashLoop", next: `Change spec.image in Git` },
    { reason: "constructor", next: `Change spec.image in Git` },
    { reason: "Aborted", next: `Change spec.image in Git` },
    { reason: "ImageNotFound", next: `Push the image, then retry: ${retry}` },
    {
      reason: "NotReadyByDeadline",
      next: `Raise spec.progressDeadlineSeconds above the time that the version needs to become ready, then retry: ${retry}`,
    },
  ])("$reason", ({ reason, next }) => {
    const rejected = { ...revision("app:2", 2, "rejected"), reason };
    const before = { app: appOf("app:2"), revisions: [v1, rejected], deployment: deploymentOf(v1) };
    const blocker = blockerOf(before, "RevisionRejected");
    expect(blocker?.next).toContain(next);
    expect(blocker?.next).toContain(retry);
  });
});

test("a pod starts later than the deadline allows: the reason names the deadline and the delays in the spec", () => {
  const slow = spec({
    image: "app:2",
    progressDeadlineSeconds: 20,
    minReadySeconds: 5,
    probes: { readiness: { initialDelaySeconds: 30 } },
  });
  const candidate = { ...v2, hash: hashOf(slow) };
  const before = {
    app: app({ spec: slow }),
    revisions: [v1, candidate],
    deployment: deploymentOf(v2, { availableReplicas: 1 }),
    pods: [pod("a", v1), unready("b", candidate, running("app", at(-25)))],
  };
  const { status } = planOf(before, Date.parse(at(30)));
  expect(status.rejected?.[0]).toMatchObject({
    reason: "NotReadyByDeadline",
    message:
      "pod b started and was not ready within progressDeadlineSeconds 20 (readiness initialDelaySeconds 30, minReadySeconds 5)",
  });
});

describe("what waits for a person: the next step is a command", () => {
  test("a rollout is delayed by a pause", () => {
    const before = {
      app: commanded("app:2", { paused: "true" }),
      revisions: [v1],
      deployment: deploymentOf(v1),
    };
    expect(blockerOf(before, "Paused")).toMatchObject({
      message: "The rollout of app:2 is paused by the annotation demoapp.dev/paused.",
      next: "Remove the annotation: kubectl -n team annotate demoapp web demoapp.dev/paused-",
    });
    expect(planOf(before).status.message).toMatch(/^The rollout of app:2 is paused .* Next: Remove/);
  });

  test("a version failed, and rollback.automatic is false: Paused until someone aborts or corrects it", () => {
    const before = {
      app: app({ spec: spec({ image: "app:2", rollback: { automatic: false } }) }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, { availableReplicas: 1, replicas: 3 }),
      pods: [pod("a", v1), unready("b", v2, crashing("no luck", -5))],
    };
    expect(outcomes(observedApp(before))["app:2"]).toBe("2 running");
    expect(planOf(before).status).toMatchObject({ phase: "Paused", candidate: { rollout: 2 } });
    expect(blockerOf(before, "RollbackNeeded")?.next).toBe(
      "Change spec.image in Git, or roll back: kubectl -n team annotate demoapp web --overwrite demoapp.dev/abort=2",
    );
  });

  test("a version is not ready by the deadline, and rollback.automatic is false: Paused while the old pods serve", () => {
    const slow = spec({ image: "app:2", progressDeadlineSeconds: 60, rollback: { automatic: false } });
    const before = {
      app: app({ spec: slow, status: { ...unreadySince(-700), phase: "Degraded" as const } }),
      revisions: [v1, v2],
      deployment: withProgress(deploymentOf(v2, { replicas: 3 }), 0, -700),
      pods: [pod("a", v1), pod("c", v1), unready("b", v2, running("app", at(-650)))],
    };
    expect(planOf(before).status).toMatchObject({
      phase: "Paused",
      blockers: [{ reason: "RollbackNeeded" }],
    });
  });

  test("paused is True: a blocker says that it has no effect", () => {
    const before = { app: commanded("app:1", { paused: "True" }), revisions: [v1] };
    const blocker = blockerOf({ ...before, deployment: deploymentOf(v1) }, "BadAnnotation");
    expect(blocker?.message).toBe('Annotation demoapp.dev/paused is not true or false: "True"');
  });

  test("an abort names the rollout with a leading zero: it counts", () => {
    const before = { app: commanded("app:2", { abort: "02" }), revisions: [v1, v2] };
    expect(outcomes(observedApp(before))["app:2"]).toBe("2 rejected Aborted");
  });

  test.each([
    { value: "2", isUnknown: false },
    { value: "1", isUnknown: false },
    { value: "3", isUnknown: true },
    { value: "latest", isUnknown: true },
  ])("a command names rollout $value and the newest is 2: a blocker says so: $isUnknown", (row) => {
    const before = { app: commanded("app:2", { retry: row.value }), revisions: [v1, v2] };
    const blocker = blockerOf({ ...before, deployment: deploymentOf(v2) }, "UnknownRollout");
    expect(blocker !== undefined).toBe(row.isUnknown);
    if (row.isUnknown) expect(blocker?.next).toContain("annotate demoapp web demoapp.dev/retry-");
  });
});
