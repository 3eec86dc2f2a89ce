import { describe, expect, test } from "@jest/globals";
import { annotations } from "../../../operator/api/names.ts";
import type { Phase } from "../../../operator/api/schema.ts";
import { phaseOf } from "../../../operator/core/phase.ts";
import {
  type ObservedFields,
  app,
  at,
  crashing,
  foreignService,
  pod,
  revision,
  running,
  spec,
  startMs,
  unready,
  unreadySince,
} from "./objects.ts";
import { situationOf, accepted2, appOf, commanded, deploymentOf, rejected2, v1, v2 } from "./situations.ts";

interface Row {
  readonly name: string;
  readonly before: ObservedFields;
  readonly phase: Phase;
  readonly message: string;
}

const missing = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
const longUnready = unreadySince(-700);

const rows: readonly Row[] = [
  {
    name: "spec.suspend is true and the API server refuses an object",
    before: {
      app: app({ spec: spec({ suspend: true }) }),
      refused: { object: "Service/web", status: 422, message: "no" },
    },
    phase: "Suspended",
    message: "Set spec.suspend to false",
  },
  {
    name: "the Service's name belongs to a terminating object",
    before: {
      service: { apiVersion: "v1", kind: "Service", metadata: { name: "web", deletionTimestamp: at(0) } },
    },
    phase: "Installing",
    message: "Service/web of an earlier owner is still being deleted",
  },
  {
    name: "the Service's name is taken",
    before: { service: foreignService },
    phase: "Degraded",
    message: "Service/web exists but is not owned by this DemoApp",
  },
  {
    name: "the requested revision is rejected and only the stable one runs",
    before: {
      app: appOf("app:2"),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1),
      pods: [pod("a", v1)],
    },
    phase: "Degraded",
    message:
      "Rollout 2 of app:2 was rejected (container app of pod a is crash-looping, last with exit code 1); rollout 1 of app:1 serves.",
  },
  {
    name: "the requested revision is rejected and a pod of the stable one is missing",
    before: {
      app: appOf("app:2", { status: longUnready }),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1, missing),
      pods: [pod("a", v1)],
    },
    phase: "Degraded",
    message: "Rollout 2 of app:2 was rejected",
  },
  {
    name: "the requested revision is rejected, but the Deployment still has its template",
    before: { app: appOf("app:2"), revisions: [v1, rejected2], deployment: deploymentOf(v2), pods: [] },
    phase: "RollingBack",
    message: "Rolling back to app:1",
  },
  {
    name: "the requested revision is rejected, but one of its pods still exists",
    before: {
      app: appOf("app:2"),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1, { replicas: 3 }),
      pods: [pod("a", v1), unready("b", v2, crashing("no luck"))],
    },
    phase: "RollingBack",
    message: "Rolling back to app:1: 1 of 2",
  },
  {
    name: "Git requests the stable revision again during a rollout",
    before: {
      app: appOf("app:1"),
      revisions: [v1, revision("app:2", 2, "superseded")],
      deployment: deploymentOf(v2),
    },
    phase: "RollingBack",
    message: "Rolling back to app:1",
  },
  {
    name: "a new revision is requested while the app is paused",
    before: { app: commanded("app:2", { paused: "true" }), revisions: [v1], deployment: deploymentOf(v1) },
    phase: "Paused",
    message: "The rollout of app:2 is paused by the annotation demoapp.dev/paused.",
  },
  {
    name: "the pod of a rollout is not ready before the deadline",
    before: {
      app: appOf("app:2", { status: longUnready }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [unready("b", v2, running())],
    },
    phase: "Progressing",
    message: "Rolling out app:2",
  },
  {
    name: "the first rollout has no pods yet",
    before: { app: appOf("app:1"), revisions: [revision("app:1", 1)] },
    phase: "Installing",
    message: "Installing app:1: 0 of 2 pods are available",
  },
  {
    name: "one of two pods of a rollout is available",
    before: {
      app: appOf("app:2"),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [pod("b", v2)],
    },
    phase: "Progressing",
    message: "Rolling out app:2: 1 of 2 pods of this version are available",
  },
  {
    // The operator does not roll back an accepted revision, and waiting does not help.
    name: "a pod of the accepted revision is crash-looping",
    before: {
      app: appOf("app:1"),
      revisions: [v1],
      deployment: deploymentOf(v1, missing),
      pods: [pod("a", v1), unready("b", v1, crashing("no luck"))],
    },
    phase: "Degraded",
    message: "1 of 2 pods are available; other pods keep crashing",
  },
  {
    name: "the pod of a rollout is ready for less than minReadySeconds",
    before: {
      app: app({ spec: spec({ image: "app:2", minReadySeconds: 15 }) }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [pod("b", v2, { readinessSince: at(-5) })],
    },
    phase: "Progressing",
    message: "(1 ready for less than 15 s)",
  },
  {
    name: "a restart of the pods is due",
    before: {
      app: appOf("app:1", { annotations: { [annotations.restartAt]: at(-1) } }),
      revisions: [v1],
      deployment: deploymentOf(v1),
      pods: [pod("a", v1)],
    },
    phase: "Progressing",
    message: "Restarting the pods",
  },
  {
    name: "a pod of the accepted revision is missing",
    before: {
      app: appOf("app:1"),
      revisions: [v1],
      deployment: deploymentOf(v1, missing),
      pods: [pod("a", v1)],
    },
    phase: "Progressing",
    message: "1 of 2 pods are available",
  },
  {
    name: "the Deployment was deleted",
    before: { app: appOf("app:1"), revisions: [v1] },
    phase: "Progressing",
    message: "0 of 2",
  },
  {
    name: "all pods of the requested revision are available",
    before: { app: appOf("app:2"), revisions: [v1, accepted2], deployment: deploymentOf(v2) },
    phase: "Healthy",
    message: "2 of 2 pods of app:2 are available",
  },
];

describe("the phase of an app", () => {
  test.each(rows)("$name: $phase", ({ before, phase, message }) => {
    const result = phaseOf(situationOf(before, startMs));
    expect(result.phase).toBe(phase);
    expect(result.summary.message).toContain(message);
  });

  test("the cases above: they cover every phase of a rolling update", () => {
    const covered = new Set(rows.map(({ phase }) => phase));
    expect([...covered].toSorted()).toEqual([
      "Degraded",
      "Healthy",
      "Installing",
      "Paused",
      "Progressing",
      "RollingBack",
      "Suspended",
    ]);
  });
});
