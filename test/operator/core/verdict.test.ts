import { describe, expect, test } from "@jest/globals";
import { verdictOf } from "../../../operator/core/health.ts";
import type { ContainerState, Pod, Revision } from "../../../operator/core/observed.ts";
import { at, crashing, pod, revision, running, startMs, unready, waiting } from "./objects.ts";

const good = revision("app:1", 1, "accepted");
/** Started at second -980, as `revision` says of its second rollout. */
const bad = withOthers(revision("app:2", 2));

/** The revision with an init container and a sidecar of its own. */
function withOthers(of: Revision): Revision {
  const { spec, ...template } = of.template as { spec: object };
  const initContainers = [{ name: "proxy" }, { name: "migrate" }];
  return { ...of, template: { ...template, spec: { ...spec, initContainers } } };
}

const watch = {
  revision: bad,
  progressAtMs: startMs - 300_000,
  deadlineMs: 60_000,
  minReadyMs: 0,
  nowMs: startMs,
  isRefused: false,
};

interface Row {
  readonly name: string;
  readonly pods: readonly Pod[];
  readonly reason: string | undefined;
}

const finished = (name: string, seconds: number): ContainerState => ({
  ...running(name),
  runningSince: undefined,
  terminated: { reason: "Completed", exitCode: 0, message: "", at: at(seconds) },
});

const exit = (seconds: number) => ({ reason: "Error", exitCode: 1, message: "", at: at(seconds) });

describe("a revision is rejected", () => {
  test.each<Row>([
    {
      name: "for a crash loop of its own pod",
      pods: [pod("a", good), unready("b", bad, crashing("no luck", -5))],
      reason: "CrashLoop",
    },
    {
      name: "for a third restart, though the container runs right now",
      pods: [unready("b", bad, { ...running("app", at(-1)), restarts: 3, terminated: exit(-2) })],
      reason: "CrashLoop",
    },
    {
      name: "for a sidecar's crash loop as for the app's",
      pods: [unready("b", bad, [running(), crashing("no luck", -5, { name: "proxy" })])],
      reason: "CrashLoop",
    },
    {
      name: "for an image that the registry says does not exist",
      pods: [unready("b", bad, waiting("ErrImagePull", "code = NotFound desc = app:2: not found"))],
      reason: "ImageNotFound",
    },
    {
      name: "for a name that can't be an image's",
      pods: [unready("b", bad, waiting("InvalidImageName", "couldn't parse image name"))],
      reason: "ImageNotFound",
    },
    {
      name: "for pods that run and are not ready by the deadline",
      pods: [unready("b", bad, running("app", at(-60)))],
      reason: "NotReadyByDeadline",
    },
    {
      name: "for a pod that is ready now and then, but never for minReadySeconds",
      pods: [pod("b", bad, { readinessSince: at(1), containers: [running("app", at(-61))] })],
      reason: "NotReadyByDeadline",
    },
    {
      name: "for an init container that doesn't end by the deadline",
      pods: [unready("b", bad, [running("migrate", at(-61)), waiting("PodInitializing")])],
      reason: "NotReadyByDeadline",
    },
  ])("$name", ({ pods, reason }) => {
    expect(verdictOf(pods, watch)?.reason).toBe(reason);
  });
});

describe("a revision is not rejected", () => {
  const late = { ...watch, progressAtMs: startMs - 900_000 };

  test.each<Row>([
    { name: "while all its pods are available", pods: [pod("b", bad)], reason: undefined },
    {
      name: "for another revision's pods",
      pods: [unready("a", good, crashing("no luck", -5))],
      reason: undefined,
    },
    {
      name: "for a pod that is going",
      pods: [{ ...unready("b", bad, crashing("no luck", -5)), deleting: true }],
      reason: undefined,
    },
    {
      name: "for a crash from before its rollout",
      pods: [unready("b", bad, crashing("no luck", -981))],
      reason: undefined,
    },
    {
      name: "for two restarts",
      pods: [unready("b", bad, { ...running("app", at(-1)), restarts: 2, terminated: exit(-2) })],
      reason: undefined,
    },
    {
      name: "for restarts of a pod from before its rollout, even if one more comes",
      pods: [
        {
          ...unready("b", bad, { ...running("app", at(-1)), restarts: 9, terminated: exit(-2) }),
          createdAt: at(-981),
        },
      ],
      reason: undefined,
    },
    {
      name: "while the deadline since the container's start has not passed: a Secret came late",
      pods: [unready("b", bad, running("app", at(-59)))],
      reason: undefined,
    },
    {
      name: "while a Secret is missing, though a sidecar has long been running",
      pods: [
        unready("b", bad, [
          running("proxy", at(-800)),
          waiting("CreateContainerConfigError", 'secret "s" not found'),
        ]),
      ],
      reason: undefined,
    },
    {
      name: "right when a late Secret lets the app start beside a sidecar that has long been running",
      pods: [unready("b", bad, [running("proxy", at(-800)), running("app", at(-1))])],
      reason: undefined,
    },
    {
      name: "while no node has room for its pod",
      pods: [{ ...unready("b", bad, []), unschedulable: "0/1 nodes are available" }],
      reason: undefined,
    },
    {
      name: "while a volume is missing and no container starts",
      pods: [unready("b", bad, waiting("ContainerCreating"))],
      reason: undefined,
    },
    {
      name: "while an init container has ended and the app only just runs",
      pods: [unready("b", bad, [finished("migrate", -20), running("app", at(-10))])],
      reason: undefined,
    },
    {
      name: "while the image runs as root under runAsNonRoot: it never started",
      pods: [
        unready(
          "b",
          bad,
          waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
        ),
      ],
      reason: undefined,
    },
  ])("$name", ({ pods, reason }) => {
    expect(verdictOf(pods, late)?.reason).toBe(reason);
  });

  const mesh = (state: ContainerState): ContainerState => ({ ...state, name: "istio-proxy" });

  test.each([
    { what: "that keeps ending", container: mesh(crashing("no control plane", -5)) },
    { what: "whose image is missing", container: mesh(waiting("ErrImagePull", "code = NotFound")) },
    { what: "that is never ready", container: mesh({ ...running("", at(-800)), ready: false }) },
  ])("for a container that a webhook added and $what", ({ container }) => {
    const app = { ...running("app", at(-800)), ready: true };
    const pods = [{ ...unready("b", bad, []), containers: [app, container] }];
    expect(verdictOf(pods, late)).toBeUndefined();
  });

  test("for a readiness gate that isn't met: its containers are ready", () => {
    const pods = [{ ...unready("b", bad, []), containers: [running("app", at(-800))] }];
    expect(verdictOf(pods, late)).toBeUndefined();
  });

  describe("for a pod that fails for a moment, long after the deadline, while the rollout waits for the cluster", () => {
    const blip = (seconds: number): Pod => ({
      ...unready("b", bad, running("app", at(-900))),
      readinessSince: at(seconds),
    });
    const homeless = { ...unready("c", bad, []), unschedulable: "0/1 nodes are available" };

    test("which has no room", () => {
      expect(verdictOf([blip(-3), homeless], late)).toBeUndefined();
      expect(verdictOf([blip(-60), homeless], late)?.reason).toBe("NotReadyByDeadline");
    });

    test("which refuses more pods", () => {
      expect(verdictOf([blip(-3)], { ...late, isRefused: true })).toBeUndefined();
    });

    test("but as ever where nothing but its pods is waited for: flapping doesn't put the deadline off", () => {
      expect(verdictOf([blip(-3), pod("d", bad)], late)?.reason).toBe("NotReadyByDeadline");
    });
  });

  test("before the deadline since the last progress, however long its pods have run", () => {
    const pods = [unready("b", bad, running("app", at(-900)))];
    expect(verdictOf(pods, { ...watch, progressAtMs: startMs - 59_000 })).toBeUndefined();
    expect(verdictOf(pods, { ...watch, progressAtMs: startMs - 60_000 })?.reason).toBe("NotReadyByDeadline");
  });
});
