import { describe, expect, test } from "@jest/globals";
import { annotations } from "../../../operator/api/names.ts";
import type { Phase } from "../../../operator/api/schema.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { phaseOf } from "../../../operator/core/phase.ts";
import { viewOf } from "../../../operator/core/view.ts";
import {
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
import { accepted2, appOf, commanded, deploymentOf, observedApp, rejected2, v1, v2 } from "./situations.ts";

interface Row {
  readonly name: string;
  readonly before: Partial<Observed>;
  readonly phase: Phase;
  readonly says: string;
}

const missing = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
const longUnready = unreadySince(-700);

const rows: readonly Row[] = [
  {
    name: "suspended, whatever else is wrong",
    before: {
      app: app({ spec: spec({ suspend: true }) }),
      refused: { object: "Service/web", status: 422, message: "no" },
    },
    phase: "Suspended",
    says: "Set spec.suspend to false",
  },
  {
    name: "a name that becomes free by itself",
    before: {
      service: { apiVersion: "v1", kind: "Service", metadata: { name: "web", deletionTimestamp: at(0) } },
    },
    phase: "Installing",
    says: "Service/web of an earlier owner is still being deleted",
  },
  {
    name: "a name that is taken",
    before: { service: foreignService },
    phase: "Degraded",
    says: "Service/web exists but is not owned by this DemoApp",
  },
  {
    name: "a rejected version that is still asked for, once only the good one runs",
    before: {
      app: appOf("app:2"),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1),
      pods: [pod("a", v1)],
    },
    phase: "Degraded",
    says: "Rollout 2 of app:2 was rejected (it keeps ending); rollout 1 of app:1 serves.",
  },
  {
    name: "the same, though a pod of the good version has just been lost",
    before: {
      app: appOf("app:2", { status: longUnready }),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1, missing),
      pods: [pod("a", v1)],
    },
    phase: "Degraded",
    says: "Rollout 2 of app:2 was rejected",
  },
  {
    name: "a rejected version that the Deployment still carries",
    before: { app: appOf("app:2"), revisions: [v1, rejected2], deployment: deploymentOf(v2), pods: [] },
    phase: "RollingBack",
    says: "Rolling back to app:1",
  },
  {
    name: "a rejected version whose pods are still there",
    before: {
      app: appOf("app:2"),
      revisions: [v1, rejected2],
      deployment: deploymentOf(v1, { replicas: 3 }),
      pods: [pod("a", v1), unready("b", v2, crashing("no luck"))],
    },
    phase: "RollingBack",
    says: "Rolling back to app:1: 1 of 2",
  },
  {
    name: "Git has gone back to the good version while another was under way",
    before: {
      app: appOf("app:1"),
      revisions: [v1, revision("app:2", 2, "superseded")],
      deployment: deploymentOf(v2),
    },
    phase: "RollingBack",
    says: "Rolling back to app:1",
  },
  {
    name: "a new version while paused",
    before: { app: commanded("app:2", { paused: "true" }), revisions: [v1], deployment: deploymentOf(v1) },
    phase: "Paused",
    says: "app:2 is paused. Remove the annotation demoapp.dev/paused",
  },
  {
    name: "a rollout whose pods are not ready, before the deadline",
    before: {
      app: appOf("app:2", { status: longUnready }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [unready("b", v2, running())],
    },
    phase: "Progressing",
    says: "Rolling out app:2",
  },
  {
    name: "a first install",
    before: { app: appOf("app:1"), revisions: [revision("app:1", 1)] },
    phase: "Installing",
    says: "Installing app:1: 0 of 2 pods are available",
  },
  {
    name: "a rollout",
    before: {
      app: appOf("app:2"),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [pod("b", v2)],
    },
    phase: "Progressing",
    says: "Rolling out app:2: 1 of 2 pods of this version are available",
  },
  {
    name: "an accepted version whose pods keep ending: it is not taken back, and waiting does not help",
    before: {
      app: appOf("app:1"),
      revisions: [v1],
      deployment: deploymentOf(v1, missing),
      pods: [pod("a", v1), unready("b", v1, crashing("no luck"))],
    },
    phase: "Degraded",
    says: "1 of 2 pods are available; other pods keep crashing",
  },
  {
    name: "a rollout whose pods are ready, but not yet for minReadySeconds",
    before: {
      app: app({ spec: spec({ image: "app:2", minReadySeconds: 15 }) }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
      pods: [pod("b", v2, { readinessSince: at(-5) })],
    },
    phase: "Progressing",
    says: "(1 ready for less than 15 s)",
  },
  {
    name: "a restart",
    before: {
      app: appOf("app:1", { annotations: { [annotations.restartAt]: at(-1) } }),
      revisions: [v1],
      deployment: deploymentOf(v1),
      pods: [pod("a", v1)],
    },
    phase: "Progressing",
    says: "Restarting the pods",
  },
  {
    name: "a pod that was lost",
    before: {
      app: appOf("app:1"),
      revisions: [v1],
      deployment: deploymentOf(v1, missing),
      pods: [pod("a", v1)],
    },
    phase: "Progressing",
    says: "1 of 2 pods are available",
  },
  {
    name: "the Deployment gone",
    before: { app: appOf("app:1"), revisions: [v1] },
    phase: "Progressing",
    says: "0 of 2",
  },
  {
    name: "all its pods available",
    before: { app: appOf("app:2"), revisions: [v1, accepted2], deployment: deploymentOf(v2) },
    phase: "Healthy",
    says: "2 of 2 pods of app:2 are available",
  },
];

describe("the phase of an app", () => {
  test.each(rows)("$name: $phase", ({ before, phase, says }) => {
    const of = phaseOf(viewOf(observedApp(before), startMs));
    expect(of.phase).toBe(phase);
    expect(of.summary.message).toContain(says);
  });

  test("is shown by a row above for each phase that a rolling update has", () => {
    const shown = new Set(rows.map(({ phase }) => phase));
    expect([...shown].toSorted()).toEqual([
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

describe("a deadline", () => {
  test("makes what waits Degraded, counted from the last progress", () => {
    const before = observedApp({
      app: appOf("app:2", { status: longUnready }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
    });
    // Noted: the last progress was at second -100.
    expect(phaseOf(viewOf(before, startMs + 499_000)).phase).toBe("Progressing");
    const late = phaseOf(viewOf(before, startMs + 500_000));
    expect(late).toMatchObject({ phase: "Degraded", summary: { reason: "DeadlinePassed" } });
  });

  test("of pods that are lost without a rollout counts from when the status says so", () => {
    const lost = { revisions: [v1], deployment: deploymentOf(v1, missing) };
    const at600 = (seconds: number): Phase =>
      phaseOf(
        viewOf(
          observedApp({ ...lost, app: appOf("app:1", { status: unreadySince(seconds) }) }),
          startMs + 600_000,
        ),
      ).phase;
    expect(at600(1)).toBe("Progressing");
    expect(at600(0)).toBe("Degraded");
  });

  test("is not put off by scaling, or one who scales often enough would keep a bad version for ever", () => {
    const scaled = app({ spec: spec({ image: "app:2", replicas: 5 }), status: longUnready });
    const before = observedApp({ app: scaled, revisions: [v1, v2], deployment: deploymentOf(v2, missing) });
    expect(phaseOf(viewOf(before, startMs + 900_000)).phase).toBe("Degraded");
  });
});
