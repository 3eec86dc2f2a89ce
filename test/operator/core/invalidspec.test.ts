import { describe, expect, test } from "@jest/globals";
import { statusOfInvalid } from "../../../operator/core/status.ts";
import { app, at, observed, startMs } from "./objects.ts";
import { deploymentOf, planOf, v1 } from "./situations.ts";

describe("the status of an app with an invalid spec", () => {
  const problems = [{ path: "spec.image", message: "must be set" }];

  test("the spec is invalid: the message names the field, the blocker the problem, and the stable revision stays listed", () => {
    const before = planOf({ revisions: [v1], deployment: deploymentOf(v1) }).status;
    const result = statusOfInvalid(
      observed({ app: app({ spec: undefined, problems, status: before, generation: 2 }) }),
      startMs,
    );
    expect(result).toMatchObject({ phase: "Degraded", observedGeneration: 2, stable: { image: "app:1" } });
    expect(result.message).toContain("not valid in spec.image.");
    expect(result.blockers?.[0]?.message).toContain('"spec.image: must be set"');
    expect(result.message).toContain("kubectl -n team edit demoapp web");
    expect(result.conditions).toMatchObject([
      { type: "Ready", status: "False" },
      { type: "Stalled", status: "True" },
      { type: "Available", status: "True" },
    ]);
  });

  test("somebody wrote control characters to the status: the kept texts have none", () => {
    const image = "app:1\u001B[31m";
    const stable = { hash: "a", image, since: at(0), rollout: 1 };
    const broken = app({
      spec: undefined,
      problems,
      status: { stable, display: { image: "app\u202E\n:1" } },
    });
    const result = statusOfInvalid(observed({ app: broken }), startMs);
    expect([result.stable?.image, result.display?.image]).toEqual(["app:1 [31m", "app :1"]);
  });

  test("the pods become unavailable: conditions and counts follow the Deployment", () => {
    const before = planOf({ revisions: [v1], deployment: deploymentOf(v1) }).status;
    const broken = app({ spec: undefined, problems, status: before });
    const deployment = deploymentOf(v1, { availableReplicas: 0, readyReplicas: 0 });
    const result = statusOfInvalid(observed({ app: broken, deployment }), startMs);
    expect(result.conditions?.at(-1)).toMatchObject({ type: "Available", status: "False" });
    expect(result).toMatchObject({ availableReplicas: 0, readyReplicas: 0, display: { ready: "0/2" } });
  });

  test("nothing changes: the status stays the same", () => {
    const once = statusOfInvalid(observed({ app: app({ spec: undefined, problems }) }), startMs);
    const twice = statusOfInvalid(
      observed({ app: app({ spec: undefined, problems, status: once }) }),
      startMs + 60_000,
    );
    expect(twice).toEqual(once);
  });
});
