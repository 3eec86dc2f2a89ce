import { describe, expect, test } from "@jest/globals";
import { withPastTimes } from "../../../operator/core/pasttimes.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { at, crashing, pod, running, startMs, unready, unreadySince, withProgress } from "./objects.ts";
import { planOf, appOf, deploymentOf, observedApp, v1, v2 } from "./situations.ts";

const service = renderService(observedApp(), "stable");

describe("a clock that is ahead of the operator's", () => {
  test("minReadySeconds is 0 and a node is 20 minutes ahead: its ready pod counts as available", () => {
    const pods = [pod("a", v2, { readinessSince: at(1200), createdAt: at(-20) }), pod("b", v1)];
    const { status } = planOf(
      observedApp({
        app: appOf("app:2"),
        revisions: [v1, v2],
        service,
        deployment: deploymentOf(v2, { availableReplicas: 1 }),
        pods,
      }),
      startMs,
    );
    expect(status.message).toMatch(/1 of 2 pods of this version are available\./);
  });

  test("a former leader stored a start time in the future: an earlier crash of the rollout's pods rejects the revision", () => {
    const started = { ...v2, startedAt: at(3600) };
    const crash = crashing("no luck", -5, { restarts: 9 });
    const { events } = planOf(
      observedApp({
        app: appOf("app:2"),
        revisions: [v1, started],
        service,
        deployment: deploymentOf(v2, { availableReplicas: 1 }),
        pods: [unready("b", v2, crash)],
      }),
      startMs,
    );
    expect(events.map(({ reason }) => reason)).toContain("RevisionRejected");
  });

  test("the transition time of Ready is in the future: the deadline counts from the present time", () => {
    const status = { ...unreadySince(86_400), observedGeneration: 1 };
    const before = observedApp({
      app: appOf("app:2", { status }),
      revisions: [v1, v2],
      service,
      deployment: withProgress(deploymentOf(v2, { availableReplicas: 1 }), 0, -100),
      pods: [unready("b", v2, running("app", at(-50)))],
    });
    const first = planOf(before, startMs).status;
    expect(first.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime).toBe(at(0));
    const later = { ...before, app: { ...before.app, status: first } };
    expect(planOf(later, startMs + 600_000).events.map(({ reason }) => reason)).toContain("RevisionRejected");
  });

  test("the transition time of Ready is no time: the deadline counts from the present time", () => {
    const [condition] = unreadySince(0).conditions ?? [];
    const conditions = condition && [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00+99:99" }];
    const before = observedApp({ app: appOf("app:1", { status: { conditions } }) });
    const { status, requeueAtMs } = planOf(before, startMs);
    expect(status.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime).toBe(at(0));
    expect(requeueAtMs).toBe(startMs + 5000);
  });

  test("no time is in the future: every object stays the same", () => {
    const before = observedApp({ app: appOf("app:1"), revisions: [v1], pods: [pod("a", v1)] });
    const after = withPastTimes(before, startMs);
    expect(after.pods[0]).toBe(before.pods[0]);
    expect(after.revisions[0]).toBe(before.revisions[0]);
    expect(after.app).toBe(before.app);
  });
});
