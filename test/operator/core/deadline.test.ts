import { describe, expect, test } from "@jest/globals";
import type { Phase } from "../../../operator/api/schema.ts";
import { phaseOf } from "../../../operator/core/phase.ts";
import { app, spec, startMs, unreadySince } from "./objects.ts";
import { appOf, deploymentOf, observedApp, situationOf, v1, v2 } from "./situations.ts";

const missing = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
const longUnready = unreadySince(-700);

describe("the progress deadline", () => {
  test("a rollout makes no progress: the app is Degraded when the deadline since the last progress has passed", () => {
    const before = observedApp({
      app: appOf("app:2", { status: longUnready }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2, missing),
    });
    // The annotations of the Deployment store the last progress: second -100.
    expect(phaseOf(situationOf(before, startMs + 499_000)).phase).toBe("Progressing");
    const late = phaseOf(situationOf(before, startMs + 500_000));
    expect(late).toMatchObject({ phase: "Degraded", summary: { reason: "DeadlinePassed" } });
  });

  test("a pod is lost without a rollout: the deadline counts from the transition time of the condition Ready", () => {
    const lost = { revisions: [v1], deployment: deploymentOf(v1, missing) };
    const phaseAt600 = (seconds: number): Phase =>
      phaseOf(
        situationOf(
          observedApp({ ...lost, app: appOf("app:1", { status: unreadySince(seconds) }) }),
          startMs + 600_000,
        ),
      ).phase;
    expect(phaseAt600(1)).toBe("Progressing");
    expect(phaseAt600(0)).toBe("Degraded");
  });

  test("the app is scaled during a rollout: the deadline is not reset, or repeated scaling would keep a bad revision", () => {
    const scaled = app({ spec: spec({ image: "app:2", replicas: 5 }), status: longUnready });
    const before = observedApp({ app: scaled, revisions: [v1, v2], deployment: deploymentOf(v2, missing) });
    expect(phaseOf(situationOf(before, startMs + 900_000)).phase).toBe("Degraded");
  });
});
