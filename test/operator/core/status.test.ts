import { describe, expect, test } from "@jest/globals";
import { type Reason, type ReasonMessage, reasons, reasonMessage } from "../../../operator/api/reasons.ts";
import { type Blocker, type DemoAppStatus, type Phase, demoAppStatus } from "../../../operator/api/schema.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { statusOf, statusOfInvalid } from "../../../operator/core/status.ts";
import { viewOf } from "../../../operator/core/view.ts";
import { app, at, observed, revision, startMs } from "./objects.ts";
import { accepted2, deploymentOf, observedApp, rejected2, appOf, v1, v2 } from "./situations.ts";

const summary: ReasonMessage = reasonMessage("Suspended");

interface About {
  readonly phase: Phase;
  readonly before?: Partial<Observed>;
  readonly summary?: ReasonMessage;
  readonly blockers?: readonly Blocker[];
}

const status = ({ phase, before = {}, blockers = [], ...about }: About): DemoAppStatus =>
  statusOf(viewOf(observedApp(before), startMs), phase, { summary: about.summary ?? summary, blockers });

/** `{ Ready: "True", … }` */
const conditions = (of: DemoAppStatus): Record<string, string> =>
  Object.fromEntries((of.conditions ?? []).map(({ type, status: value }) => [type, value]));

const blocker = (message: string, next: string): Blocker => ({
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
  ])("$phase", ({ phase, expected }) => {
    expect(conditions(status({ phase }))).toEqual({ ...expected, Available: "False" });
  });

  test.each(["True", "False"] as const)("Suspended leaves Ready as it was: %s", (ready) => {
    const before = status({ phase: ready === "True" ? "Healthy" : "Degraded" });
    const after = status({ phase: "Suspended", before: { app: app({ status: before }) } });
    expect(conditions(after)).toEqual({ Ready: ready, Available: "False" });
  });

  test("each names the generation that it is about and why", () => {
    const of = status({ phase: "Healthy", before: { app: app({ generation: 4 }) } });
    expect(of.observedGeneration).toBe(4);
    expect(of.conditions?.[0]).toMatchObject({
      observedGeneration: 4,
      reason: "Suspended",
      message: summary.message,
    });
  });

  test("the time of one moves when its status flips, and only then", () => {
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

  test("Available tells an outage from a rollout: the floor is served or not", () => {
    const of = (available: number) =>
      conditions(
        status({
          phase: "Progressing",
          before: { revisions: [v1], deployment: deploymentOf(v1, { availableReplicas: available }) },
        }),
      )["Available"];
    expect(of(2)).toBe("True");
    expect(of(1)).toBe("False");
  });
});

describe("the message", () => {
  test("is the sentence alone when nothing is in the way", () => {
    expect(status({ phase: "Healthy" }).message).toBe(summary.message);
  });

  test("goes on with the first thing in the way, and what to do", () => {
    const blockers = [blocker("container app keeps ending", "Read the log."), blocker("other", "No.")];
    expect(status({ phase: "Degraded", blockers }).message).toBe(
      `${summary.message} Container app keeps ending. Next: Read the log.`,
    );
  });

  test("doesn't say a thing twice", () => {
    expect(status({ phase: "Degraded", blockers: [blocker(summary.message, "Wait.")] }).message).toBe(
      `${summary.message} Next: Wait.`,
    );
  });

  test("is never longer than the API takes", () => {
    const blockers = [blocker("x".repeat(2048), "y".repeat(2048))];
    expect(status({ phase: "Degraded", blockers }).message).toHaveLength(2048);
  });
});

describe("revisions", () => {
  test("stable is the one to go back to, candidate the one under way, rejected the bad ones, newest first", () => {
    const revisions = [
      v1,
      revision("app:3", 3, "rejected"),
      revision("app:2", 4, "rejected"),
      revision("app:5", 5),
    ];
    const of = status({ phase: "Progressing", before: { app: appOf("app:5"), revisions } });
    expect(of.stable).toMatchObject({ image: "app:1", rollout: 1, since: v1.finishedAt });
    expect(of.candidate).toMatchObject({ image: "app:5", rollout: 5 });
    expect(of.rejected?.map(({ rollout }) => rollout)).toEqual([4, 3]);
    expect(of.rejected?.[0]).toMatchObject({ reason: "CrashLoop", message: "it keeps ending" });
    expect(of.history?.map(({ rollout, outcome }) => `${rollout} ${outcome}`)).toEqual([
      "5 Running",
      "4 Rejected",
      "3 Rejected",
      "1 Accepted",
    ]);
  });

  test("at most 10 rejected and 20 in all are told", () => {
    const revisions = Array.from({ length: 30 }, (_, i) => revision(`app:${i}`, i + 1, "rejected"));
    const of = status({ phase: "Degraded", before: { revisions } });
    expect([of.rejected?.length, of.history?.length]).toEqual([10, 20]);
  });

  test("the rejected version that the spec asks for is told however old it is: a retry needs its number", () => {
    const later = Array.from({ length: 12 }, (_, i) => revision(`app:${i + 3}`, i + 3, "rejected"));
    const of = status({
      phase: "Degraded",
      before: { app: appOf("app:2"), revisions: [v1, rejected2, ...later] },
    });
    expect(of.rejected?.map(({ rollout }) => rollout)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 2]);
  });
});

test("no step is told of while nothing may be written: it would be another at each look", () => {
  const refused = { object: "Deployment/web", status: 403, message: "denied" };
  const before = { app: appOf("app:2"), revisions: [v1, v2], deployment: deploymentOf(v1) };
  expect(status({ phase: "Progressing", before }).step).toMatchObject({ index: 1 });
  expect(status({ phase: "Degraded", before: { ...before, refused } }).step).toBeUndefined();
});

test("counts are those of the Deployment, and of none where it is somebody else's", () => {
  const deployment = deploymentOf(v1, { readyReplicas: 1 });
  const own = status({ phase: "Healthy", before: { revisions: [v1], deployment } });
  expect(own).toMatchObject({ replicas: 2, readyReplicas: 1, updatedReplicas: 2, display: { ready: "1/2" } });
  const foreign = { ...deployment, metadata: { ...deployment.metadata, ownerReferences: [], labels: {} } };
  expect(status({ phase: "Degraded", before: { deployment: foreign } })).toMatchObject({ replicas: 0 });
});

test("the selector is the Service's, for kubectl scale and an HPA", () => {
  expect(status({ phase: "Healthy" }).selector).toBe(
    "app.kubernetes.io/name=web,app.kubernetes.io/managed-by=demoapp-operator,demoapp.dev/track=stable",
  );
});

describe("of a spec that can't be read", () => {
  const problems = [{ path: "spec.image", message: "must be set" }];

  test("what is wrong is summary, and what was known of the app stays", () => {
    const before = status({ phase: "Healthy", before: { revisions: [v1], deployment: deploymentOf(v1) } });
    const of = statusOfInvalid(
      observed({ app: app({ spec: undefined, problems, status: before, generation: 2 }) }),
      startMs,
    );
    expect(of).toMatchObject({ phase: "Degraded", observedGeneration: 2, stable: { image: "app:1" } });
    expect(of.message).toContain("spec.image: must be set");
    expect(of.message).toContain("kubectl -n team edit demoapp web");
    expect(conditions(of)).toEqual({ Ready: "False", Stalled: "True", Available: "True" });
  });

  test("how its pods are is told as ever, from the Deployment that runs on", () => {
    const before = status({ phase: "Healthy", before: { revisions: [v1], deployment: deploymentOf(v1) } });
    const broken = app({ spec: undefined, problems, status: before });
    const deployment = deploymentOf(v1, { availableReplicas: 0, readyReplicas: 0 });
    const of = statusOfInvalid(observed({ app: broken, deployment }), startMs);
    expect(conditions(of)).toMatchObject({ Available: "False" });
    expect(of).toMatchObject({ availableReplicas: 0, readyReplicas: 0, display: { ready: "0/2" } });
  });

  test("it stays the same while nothing changes", () => {
    const once = statusOfInvalid(observed({ app: app({ spec: undefined, problems }) }), startMs);
    const twice = statusOfInvalid(
      observed({ app: app({ spec: undefined, problems, status: once }) }),
      startMs + 60_000,
    );
    expect(twice).toEqual(once);
  });
});

describe("every status fits the schema", () => {
  test.each<{ name: string; of: () => DemoAppStatus }>([
    { name: "of an app that was never seen", of: () => status({ phase: "Installing" }) },
    {
      name: "with everything in it",
      of: () =>
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
      name: "of a spec with a hundred problems",
      of: () => {
        const problems = Array.from({ length: 100 }, (_, i) => ({
          path: `spec.env[${i}].name`,
          message: "is bad",
        }));
        return statusOfInvalid(observed({ app: app({ spec: undefined, problems }) }), startMs);
      },
    },
  ])("$name", ({ of }) => {
    expect(demoAppStatus.safeParse(of())).toMatchObject({ success: true });
  });
});

test("a reason is a word in PascalCase, as conditions and events want it", () => {
  for (const reason of Object.keys(reasons) as Reason[]) expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
});
