import { describe, expect, test } from "@jest/globals";
import { type Reason, type ReasonMessage, reasons, reasonMessage } from "../../../operator/api/reasons.ts";
import { type DemoAppStatus, type Phase, demoAppStatus } from "../../../operator/api/schema.ts";
import type { DatedBlocker } from "../../../operator/core/blockers.ts";
import { statusOf, statusOfInvalid } from "../../../operator/core/status.ts";
import { type ObservedFields, app, at, observed, revision, startMs } from "./objects.ts";
import { situationOf, accepted2, deploymentOf, rejected2, appOf, v1, v2 } from "./situations.ts";

const summary: ReasonMessage = reasonMessage("Suspended");

interface StatusInput {
  readonly phase: Phase;
  readonly before?: ObservedFields;
  readonly summary?: ReasonMessage;
  readonly blockers?: readonly DatedBlocker[];
}

const status = ({ phase, before = {}, blockers = [], ...input }: StatusInput): DemoAppStatus =>
  statusOf(situationOf(before), phase, { summary: input.summary ?? summary, blockers });

/** `{ Ready: "True", … }` */
const conditions = ({ conditions: list }: DemoAppStatus): Record<string, string> =>
  Object.fromEntries((list ?? []).map(({ type, status: value }) => [type, value]));

const blocker = (message: string, next: string): DatedBlocker => ({
  object: "Pod/a",
  reason: "CrashLoop",
  message,
  since: at(0),
  next,
});

describe("conditions follow the kstatus rules", () => {
  test.each<{ phase: Phase; expected: Record<string, string> }>([
    { phase: "Healthy", expected: { Ready: "True" } },
    { phase: "Installing", expected: { Ready: "False", Reconciling: "True" } },
    { phase: "Progressing", expected: { Ready: "False", Reconciling: "True" } },
    { phase: "Promoting", expected: { Ready: "False", Reconciling: "True" } },
    { phase: "RollingBack", expected: { Ready: "False", Reconciling: "True" } },
    { phase: "Paused", expected: { Ready: "False", Reconciling: "True" } },
    { phase: "Degraded", expected: { Ready: "False", Stalled: "True" } },
  ])("the phase is $phase: the conditions are $expected", ({ phase, expected }) => {
    expect(conditions(status({ phase }))).toEqual({ ...expected, Available: "False" });
  });

  test.each<{ name: string; before: ObservedFields; ready: string }>([
    {
      name: "the spec is what runs",
      before: { revisions: [v1], deployment: deploymentOf(v1) },
      ready: "True",
    },
    {
      name: "the spec asks for a version that was never applied",
      before: { app: appOf("app:2"), revisions: [v1], deployment: deploymentOf(v1) },
      ready: "False",
    },
    {
      name: "the rollout has no outcome",
      before: { app: appOf("app:2"), revisions: [v1, v2], deployment: deploymentOf(v2) },
      ready: "False",
    },
    {
      name: "a pod is missing",
      before: { revisions: [v1], deployment: deploymentOf(v1, { availableReplicas: 1 }) },
      ready: "False",
    },
  ])("an app is suspended and $name: Ready is $ready", ({ before, ready }) => {
    expect(conditions(status({ phase: "Suspended", before }))).toMatchObject({ Ready: ready });
  });

  test("a condition: it has the observed generation, the reason and the message", () => {
    const result = status({ phase: "Healthy", before: { app: app({ generation: 4 }) } });
    expect(result.observedGeneration).toBe(4);
    expect(result.conditions?.[0]).toMatchObject({
      observedGeneration: 4,
      reason: "Suspended",
      message: summary.message,
    });
  });

  test("lastTransitionTime: it changes only if the status of the condition changes", () => {
    const earlier = (phase: Phase): DemoAppStatus => ({
      ...status({ phase }),
      conditions: status({ phase }).conditions?.map((other) => ({ ...other, lastTransitionTime: at(-90) })),
    });
    const timeOf = (before: Phase, after: Phase): string | undefined =>
      status({ phase: after, before: { app: app({ status: earlier(before) }) } }).conditions?.find(
        ({ type }) => type === "Ready",
      )?.lastTransitionTime;
    expect(timeOf("Healthy", "Healthy")).toBe(at(-90));
    expect(timeOf("Installing", "Progressing")).toBe(at(-90));
    expect(timeOf("Installing", "Healthy")).toBe(at(0));
    expect(timeOf("Healthy", "Degraded")).toBe(at(0));
  });
});

describe("the status message", () => {
  test("no blocker: only the summary", () => {
    expect(status({ phase: "Healthy" }).message).toBe(summary.message);
  });

  test("several blockers: the summary, the first blocker and its next step", () => {
    const blockers = [blocker("container app keeps ending", "Read the log."), blocker("other", "No.")];
    expect(status({ phase: "Degraded", blockers }).message).toBe(
      `${summary.message} Container app keeps ending. Next: Read the log.`,
    );
  });

  test("the blocker repeats the summary: the summary appears once", () => {
    expect(status({ phase: "Degraded", blockers: [blocker(summary.message, "Wait.")] }).message).toBe(
      `${summary.message} Next: Wait.`,
    );
  });

  test("a long blocker: at most 2048 characters, which the schema allows", () => {
    const blockers = [blocker("x".repeat(2048), "y".repeat(2048))];
    expect(status({ phase: "Degraded", blockers }).message).toHaveLength(2048);
  });
});

describe("the revisions in the status", () => {
  test("accepted, running and rejected revisions: listed as stable, candidate and rejected, the newest first", () => {
    const revisions = [
      v1,
      revision("app:3", 3, "rejected"),
      revision("app:2", 4, "rejected"),
      revision("app:5", 5),
    ];
    const result = status({ phase: "Progressing", before: { app: appOf("app:5"), revisions } });
    expect(result.stable).toMatchObject({ image: "app:1", rollout: 1, since: v1.finishedAt });
    expect(result.candidate).toMatchObject({ image: "app:5", rollout: 5 });
    expect(result.rejected?.map(({ rollout }) => rollout)).toEqual([4, 3]);
    expect(result.rejected?.[0]).toMatchObject({
      reason: "CrashLoop",
      message: "container app of pod a is crash-looping, last with exit code 1",
    });
    expect(result.history?.map(({ rollout, outcome }) => `${rollout} ${outcome}`)).toEqual([
      "5 Running",
      "4 Rejected",
      "3 Rejected",
      "1 Accepted",
    ]);
  });

  test("30 rejected revisions: rejected lists 10, history lists 20", () => {
    const revisions = Array.from({ length: 30 }, (_, i) => revision(`app:${i}`, i + 1, "rejected"));
    const result = status({ phase: "Degraded", before: { revisions } });
    expect([result.rejected?.length, result.history?.length]).toEqual([10, 20]);
  });

  test("the requested revision was rejected long ago: still listed, because a retry needs its rollout number", () => {
    const later = Array.from({ length: 12 }, (_, i) => revision(`app:${i + 3}`, i + 3, "rejected"));
    const result = status({
      phase: "Degraded",
      before: { app: appOf("app:2"), revisions: [v1, rejected2, ...later] },
    });
    expect(result.rejected?.map(({ rollout }) => rollout)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 2]);
  });
});

test("a refused write: the status has no step, which would differ at each reconcile", () => {
  const refused = { object: "Deployment/web", status: 403, message: "denied" };
  const before = { app: appOf("app:2"), revisions: [v1, v2], deployment: deploymentOf(v1) };
  expect(status({ phase: "Progressing", before }).step).toMatchObject({ index: 1 });
  expect(status({ phase: "Degraded", before: { ...before, refused } }).step).toBeUndefined();
});

test("the status of the Deployment has impossible counts: the counts stay within the schema", () => {
  const counts = { replicas: 2 ** 31 - 1, readyReplicas: 100_001, availableReplicas: -1 };
  const own = status({ phase: "Healthy", before: { revisions: [v1], deployment: deploymentOf(v1, counts) } });
  expect(own).toMatchObject({ replicas: 100_000, readyReplicas: 100_000, availableReplicas: 0 });
  expect(demoAppStatus.safeParse(own).success).toBe(true);
});

test("pod counts: those of the owned Deployment; 0 if the Deployment is not owned", () => {
  const deployment = deploymentOf(v1, { readyReplicas: 1 });
  const own = status({ phase: "Healthy", before: { revisions: [v1], deployment } });
  expect(own).toMatchObject({ replicas: 2, readyReplicas: 1, updatedReplicas: 2, display: { ready: "1/2" } });
  const foreign = { ...deployment, metadata: { ...deployment.metadata, ownerReferences: [], labels: {} } };
  expect(status({ phase: "Degraded", before: { deployment: foreign } })).toMatchObject({ replicas: 0 });
});

test("status.selector: the pods of both tracks, for kubectl scale and an HPA", () => {
  expect(status({ phase: "Healthy" }).selector).toBe(
    "app.kubernetes.io/name=web,app.kubernetes.io/managed-by=demoapp-operator",
  );
});

describe("the schema of the status", () => {
  test.each<{ name: string; make: () => DemoAppStatus }>([
    { name: "an app without an earlier status", make: () => status({ phase: "Installing" }) },
    {
      name: "an app with every status field set",
      make: () =>
        status({
          phase: "Degraded",
          before: {
            app: appOf("app:2"),
            revisions: [v1, v2, accepted2, rejected2],
            deployment: deploymentOf(v1),
          },
          blockers: [blocker("x".repeat(2048), "y")],
        }),
    },
    {
      name: "a spec with 100 problems",
      make: () => {
        const problems = Array.from({ length: 100 }, (_, i) => ({
          path: `spec.env[${i}].name`,
          message: "is bad",
        }));
        return statusOfInvalid(observed({ app: app({ spec: undefined, problems }) }), startMs);
      },
    },
  ])("$name: the status is valid", ({ make }) => {
    expect(demoAppStatus.safeParse(make())).toMatchObject({ success: true });
  });
});

test("every reason: in PascalCase, as conditions and events require", () => {
  for (const reason of Object.keys(reasons) as Reason[]) expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
});
