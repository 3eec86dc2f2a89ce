import { describe, expect, test } from "@jest/globals";
import type { Blocker } from "../../../operator/api/schema.ts";
import { blockersOf } from "../../../operator/core/blockers.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { needsEvents } from "../../../operator/core/health.ts";
import { viewOf } from "../../../operator/core/view.ts";
import { ending, rows, stuck } from "./blockercases.ts";
import { app, at, crashing, pod, running, spec, startMs, unready, waiting } from "./objects.ts";
import { commanded, deploymentOf, observedApp, v1 } from "./situations.ts";

const blockers = (before: Partial<Observed>): readonly Blocker[] =>
  blockersOf(viewOf(observedApp(before), startMs));

describe("what is in the way, and what to do about it", () => {
  test.each(rows)("$name: $reason", ({ before, reason, object = "Pod/a", says, next }) => {
    const found = blockers(before);
    expect(found.map((blocker) => blocker.reason)).toEqual([reason]);
    expect(found[0]).toMatchObject({ object, since: at(0) });
    expect(found[0]?.message).toContain(says);
    expect(found[0]?.next).toContain(next);
  });
});

describe("nothing is in the way", () => {
  const done = { ...running("migrate"), runningSince: undefined };
  const finished = { ...done, terminated: { reason: "Completed", exitCode: 0, message: "", at: at(-5) } };

  test.each<{ name: string; before: Partial<Observed> }>([
    { name: "while a pod starts", before: stuck(waiting("ContainerCreating")) },
    {
      name: "while it starts after an init container that has done its work",
      before: stuck(finished, running()),
    },
    {
      name: "after an init container that needed two tries",
      before: stuck({ ...finished, restarts: 1 }, running()),
    },
    {
      name: "of a pod that is available, though it crashed once",
      before: {
        pods: [
          pod("a", v1, {
            containers: [{ ...running(), restarts: 1, terminated: ending("Error", "").terminated }],
          }),
        ],
      },
    },
    {
      name: "of a pod that is going",
      before: { pods: [{ ...unready("a", v1, crashing("x")), deleting: true }] },
    },
    {
      name: "of another pod's warning",
      before: { ...stuck(running()), warnings: [{ pod: "b", reason: "Unhealthy", message: "x" }] },
    },
    {
      name: "once the Deployment controller makes pods again",
      before: {
        deployment: deploymentOf(v1, {
          conditions: [{ type: "ReplicaFailure", status: "False", message: "x" }],
        }),
      },
    },
    {
      name: "by an abort that names no rollout under way",
      before: { app: commanded("app:1", { abort: "1" }), revisions: [v1] },
    },
  ])("$name", ({ before }) => {
    expect(blockers(before)).toEqual([]);
  });
});

describe("a deadline that has passed", () => {
  const short = spec({ image: "app:1", progressDeadlineSeconds: 60 });
  const conditions = [
    { type: "Ready", status: "False" as const, lastTransitionTime: at(-61), reason: "x", message: "" },
  ];
  const late = app({ spec: short, status: { conditions } });
  const missing = { deployment: deploymentOf(v1, { availableReplicas: 1 }), revisions: [v1] };

  test("is in the way when nothing says why, with where to look", () => {
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

  test("comes after what says more", () => {
    const pods = [unready("a", v1, waiting("ErrImagePull", "no route to host"))];
    const reasons = blockers({ app: late, ...missing, pods }).map(({ reason }) => reason);
    expect(reasons).toEqual(["ImagePullFailed", "DeadlinePassed"]);
  });

  test("is not, before it has passed, nor while nothing may be written", () => {
    const patient = { ...late, spec: { ...short, progressDeadlineSeconds: 62 } };
    expect(blockers({ app: patient, ...missing })).toEqual([]);
    expect(blockers({ app: { ...late, spec: { ...short, suspend: true } }, ...missing })).toEqual([]);
  });
});

test("a reason is told once, by the first pod that shows it, and since it was first seen", () => {
  const known = { object: "Pod/z", reason: "CrashLoop", message: "", since: at(-90), next: "" };
  const pods = [unready("a", v1, crashing("one")), unready("b", v1, crashing("two"))];
  expect(blockers({ app: app({ status: { blockers: [known] } }), pods })).toEqual([
    expect.objectContaining({ object: "Pod/a", reason: "CrashLoop", since: at(-90) }),
  ]);
});

test("no message is longer than the API takes", () => {
  const [blocker] = blockers(stuck(waiting("ErrImagePull", "x".repeat(5000))));
  expect(blocker?.message).toHaveLength(2048);
});

test.each([
  { name: "a container that runs but isn't ready", pod: unready("a", v1, running()), asks: true },
  {
    name: "a container that is being created",
    pod: unready("a", v1, waiting("ContainerCreating")),
    asks: true,
  },
  {
    name: "a container that says what it waits for",
    pod: unready("a", v1, waiting("ErrImagePull")),
    asks: false,
  },
  { name: "a ready pod", pod: pod("a", v1), asks: false },
  { name: "a pod that is going", pod: { ...unready("a", v1, running()), deleting: true }, asks: false },
  { name: "a pod without a node", pod: { ...unready("a", v1, []), unschedulable: "no" }, asks: false },
  {
    name: "a pod that has only just been made",
    pod: { ...unready("a", v1, running()), createdAt: at(-4) },
    asks: false,
  },
])("the events of a pod are worth asking for: $name, $asks", ({ pod: of, asks }) => {
  expect(needsEvents(of, startMs)).toBe(asks);
});
