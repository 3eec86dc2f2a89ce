import { describe, expect, test } from "@jest/globals";
import { type DatedBlocker, blockersOf } from "../../../operator/core/blockers.ts";
import { needsEvents } from "../../../operator/core/health.ts";
import { withQuote } from "../../../operator/core/text.ts";
import { exited, rows, stuck } from "./blockercases.ts";
import {
  type ObservedFields,
  app,
  at,
  crashing,
  pod,
  running,
  spec,
  startMs,
  unready,
  waiting,
} from "./objects.ts";
import { situationOf, commanded, deploymentOf, v1, v2 } from "./situations.ts";

const blockers = (before: ObservedFields): readonly DatedBlocker[] => blockersOf(situationOf(before));

describe("blockers of an app", () => {
  test.each(rows)("$name: the blocker is $reason", ({ before, reason, object = "Pod/a", message, next }) => {
    const found = blockers(before);
    expect(found.map((blocker) => blocker.reason)).toEqual([reason]);
    expect(found[0]).toMatchObject({ object, since: at(0) });
    expect(found[0] && withQuote(found[0])).toContain(message);
    expect(found[0]?.next).toContain(next);
  });

  test.each([
    { limit: 20, messages: [] },
    {
      limit: 21,
      messages: ["spec.revisionHistoryLimit is 21; the operator keeps at most 20 old revisions."],
    },
  ])("revisionHistoryLimit is $limit: the messages are $messages", ({ limit, messages }) => {
    const limited = app({ spec: { ...spec(), revisionHistoryLimit: limit } });
    expect(blockers({ app: limited }).map(({ message }) => message)).toEqual(messages);
  });
});

describe("situations without a blocker", () => {
  const done = { ...running("migrate"), runningSince: undefined };
  const finished = { ...done, terminated: { reason: "Completed", exitCode: 0, message: "", at: at(-5) } };

  test.each<{ name: string; before: ObservedFields }>([
    { name: "a container is being created", before: stuck(waiting("ContainerCreating")) },
    {
      name: "a container starts after an init container that succeeded",
      before: stuck(finished, running()),
    },
    {
      name: "an init container succeeds at the second try",
      before: stuck({ ...finished, restarts: 1 }, running()),
    },
    {
      name: "an available pod crashed once",
      before: {
        pods: [
          pod("a", v1, {
            containers: [{ ...running(), restarts: 1, terminated: exited("Error", "").terminated }],
          }),
        ],
      },
    },
    {
      name: "a crashing pod is terminating",
      before: { pods: [{ ...unready("a", v1, crashing("x")), deleting: true }] },
    },
    {
      name: "a pod of an earlier version crashes, but the Deployment has no such pod any more",
      before: { revisions: [v1], deployment: deploymentOf(v1), pods: [unready("a", v2, crashing("x"))] },
    },
    {
      name: "a warning event is about another pod",
      before: { ...stuck(running()), warnings: [{ pod: "b", reason: "Unhealthy", message: "x" }] },
    },
    {
      name: "the Deployment controller creates pods again after a failure",
      before: {
        deployment: deploymentOf(v1, {
          conditions: [{ type: "ReplicaFailure", status: "False", message: "x" }],
        }),
      },
    },
    {
      name: "an abort names a rollout that has ended",
      before: { app: commanded("app:1", { abort: "1" }), revisions: [v1] },
    },
  ])("$name: no blocker is reported", ({ before }) => {
    expect(blockers(before)).toEqual([]);
  });
});

describe("the progress deadline of an app", () => {
  const short = spec({ image: "app:1", progressDeadlineSeconds: 60 });
  const conditions = [
    { type: "Ready", status: "False" as const, lastTransitionTime: at(-61), reason: "x", message: "" },
  ];
  const late = app({ spec: short, status: { conditions } });
  const missing = { deployment: deploymentOf(v1, { availableReplicas: 1 }), revisions: [v1] };

  test("the deadline passes and no cause is known: DeadlinePassed gives a kubectl command", () => {
    expect(blockers({ app: late, ...missing })).toEqual([
      expect.objectContaining({
        object: "DemoApp/web",
        reason: "DeadlinePassed",
        next: expect.stringContaining(
          "kubectl -n team describe deployment,pods -l app.kubernetes.io/name=web",
        ),
      }),
    ]);
  });

  test("the deadline passes and a cause is known: DeadlinePassed comes after it", () => {
    const pods = [unready("a", v1, waiting("ErrImagePull", "no route to host"))];
    const reasons = blockers({ app: late, ...missing, pods }).map(({ reason }) => reason);
    expect(reasons).toEqual(["ImagePullFailed", "DeadlinePassed"]);
  });

  test("the deadline has not passed, or the app is suspended: DeadlinePassed is not reported", () => {
    const patient = { ...late, spec: { ...short, progressDeadlineSeconds: 62 } };
    expect(blockers({ app: patient, ...missing })).toEqual([]);
    expect(blockers({ app: { ...late, spec: { ...short, suspend: true } }, ...missing })).toEqual([]);
  });
});

test("two pods have the same reason: one blocker names the first pod and keeps the time in the status", () => {
  const known = { object: "Pod/z", reason: "CrashLoop", message: "", since: at(-90), next: "" };
  const pods = [unready("a", v1, crashing("one")), unready("b", v1, crashing("two"))];
  expect(blockers({ app: app({ status: { blockers: [known] } }), pods })).toEqual([
    expect.objectContaining({ object: "Pod/a", reason: "CrashLoop", since: at(-90) }),
  ]);
});

test.each([
  { name: "a container runs but isn't ready", pod: unready("a", v1, running()), expected: true },
  {
    name: "a container has been in creation for minutes",
    pod: unready("a", v1, waiting("ContainerCreating")),
    expected: true,
  },
  {
    name: "a container's waiting reason is an error",
    pod: unready("a", v1, waiting("ErrImagePull")),
    expected: false,
  },
  { name: "a pod is ready", pod: pod("a", v1), expected: false },
  { name: "a pod is terminating", pod: { ...unready("a", v1, running()), deleting: true }, expected: false },
  { name: "a pod has no node", pod: { ...unready("a", v1, []), unschedulable: "no" }, expected: false },
  {
    name: "a pod was created 4 seconds ago",
    pod: { ...unready("a", v1, running()), createdAt: at(-4) },
    expected: false,
  },
])("$name: needsEvents returns $expected", ({ pod: of, expected }) => {
  expect(needsEvents(of, startMs)).toBe(expected);
});
