import { describe, expect, test } from "@jest/globals";
import { verdictOf } from "../../../operator/core/health.ts";
import type { ContainerState, Pod, Revision } from "../../../operator/core/observed.ts";
import { at, crashing, pod, revision, running, startMs, unready, waiting } from "./objects.ts";

const good = revision("app:1", 1, "accepted");
/** Its rollout started at second -980. */
const bad = withInitContainers(revision("app:2", 2));

/** The revision with an init container and a sidecar in its template. */
function withInitContainers(of: Revision): Revision {
  const { spec, ...template } = of.template as { spec: object };
  const initContainers = [{ name: "proxy" }, { name: "migrate" }];
  return { ...of, template: { ...template, spec: { ...spec, initContainers } } };
}

const input = {
  revision: bad,
  progressAtMs: startMs - 300_000,
  deadlineMs: 60_000,
  minReadyMs: 0,
  nowMs: startMs,
  isRefused: false,
  delays: "",
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
      name: "a pod of the revision is crash-looping",
      pods: [pod("a", good), unready("b", bad, crashing("no luck", -5))],
      reason: "CrashLoop",
    },
    {
      name: "a container was restarted 3 times, though it is running now",
      pods: [unready("b", bad, { ...running("app", at(-1)), restarts: 3, terminated: exit(-2) })],
      reason: "CrashLoop",
    },
    {
      name: "a sidecar of the revision is crash-looping",
      pods: [unready("b", bad, [running(), crashing("no luck", -5, { name: "proxy" })])],
      reason: "CrashLoop",
    },
    {
      name: "the registry reports that the image does not exist",
      pods: [unready("b", bad, waiting("ErrImagePull", "code = NotFound desc = app:2: not found"))],
      reason: "ImageNotFound",
    },
    {
      name: "the image name is invalid",
      pods: [unready("b", bad, waiting("InvalidImageName", "couldn't parse image name"))],
      reason: "ImageNotFound",
    },
    {
      name: "a pod runs, but is not ready by the deadline",
      pods: [unready("b", bad, running("app", at(-60)))],
      reason: "NotReadyByDeadline",
    },
    {
      name: "a pod is ready at times, but never for minReadySeconds",
      pods: [pod("b", bad, { readinessSince: at(1), containers: [running("app", at(-61))] })],
      reason: "NotReadyByDeadline",
    },
    {
      name: "an init container does not end by the deadline",
      pods: [unready("b", bad, [running("migrate", at(-61)), waiting("PodInitializing")])],
      reason: "NotReadyByDeadline",
    },
  ])("$name: $reason", ({ pods, reason }) => {
    expect(verdictOf(pods, input)?.reason).toBe(reason);
  });
});

describe("the verdict on a revision", () => {
  const late = { ...input, progressAtMs: startMs - 900_000 };

  test.each<Row>([
    { name: "all pods are available", pods: [pod("b", bad)], reason: undefined },
    {
      name: "a pod of another revision is crash-looping",
      pods: [unready("a", good, crashing("no luck", -5))],
      reason: undefined,
    },
    {
      name: "a crash-looping pod is terminating",
      pods: [{ ...unready("b", bad, crashing("no luck", -5)), deleting: true }],
      reason: undefined,
    },
    {
      name: "a pod crashed before the rollout started",
      pods: [unready("b", bad, crashing("no luck", -981))],
      reason: undefined,
    },
    {
      name: "a container was restarted twice",
      pods: [unready("b", bad, { ...running("app", at(-1)), restarts: 2, terminated: exit(-2) })],
      reason: undefined,
    },
    {
      name: "a pod from before the rollout has many restarts, the last one during the rollout",
      pods: [
        {
          ...unready("b", bad, { ...running("app", at(-1)), restarts: 9, terminated: exit(-2) }),
          createdAt: at(-981),
        },
      ],
      reason: undefined,
    },
    {
      name: "a container started late, and the deadline since its start has not passed",
      pods: [unready("b", bad, running("app", at(-59)))],
      reason: undefined,
    },
    {
      name: "a Secret is missing, though a sidecar is running past the deadline",
      pods: [
        unready("b", bad, [
          running("proxy", at(-800)),
          waiting("CreateContainerConfigError", 'secret "s" not found'),
        ]),
      ],
      reason: undefined,
    },
    {
      name: "the app started late, though a sidecar is running past the deadline",
      pods: [unready("b", bad, [running("proxy", at(-800)), running("app", at(-1))])],
      reason: undefined,
    },
    {
      name: "no node has room for the pod",
      pods: [{ ...unready("b", bad, []), unschedulable: "0/1 nodes are available" }],
      reason: undefined,
    },
    {
      name: "a volume is missing, so that no container starts",
      pods: [unready("b", bad, waiting("ContainerCreating"))],
      reason: undefined,
    },
    {
      name: "an init container has ended and the app has just started",
      pods: [unready("b", bad, [finished("migrate", -20), running("app", at(-10))])],
      reason: undefined,
    },
    {
      name: "the image runs as root under runAsNonRoot, so that the container never started",
      pods: [
        unready(
          "b",
          bad,
          waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
        ),
      ],
      reason: undefined,
    },
  ])("$name: not rejected", ({ pods, reason }) => {
    expect(verdictOf(pods, late)?.reason).toBe(reason);
  });

  const injected = (state: ContainerState): ContainerState => ({ ...state, name: "istio-proxy" });

  test.each([
    { what: "is crash-looping", container: injected(crashing("no control plane", -5)) },
    { what: "has a missing image", container: injected(waiting("ErrImagePull", "code = NotFound")) },
    { what: "is never ready", container: injected({ ...running("", at(-800)), ready: false }) },
  ])("a container that a webhook added $what: not rejected", ({ container }) => {
    const app = { ...running("app", at(-800)), ready: true };
    const pods = [{ ...unready("b", bad, []), containers: [app, container] }];
    expect(verdictOf(pods, late)).toBeUndefined();
  });

  test("the operator began to lead after an outage: kubelets get 15 s to report before a deadline counts", () => {
    const pods = [unready("b", bad, running("app", at(-900)))];
    const watchedFor = (ms: number) => verdictOf(pods, { ...late, watchedSinceMs: startMs - ms })?.reason;
    expect([watchedFor(14_999), watchedFor(15_000)]).toEqual([undefined, "NotReadyByDeadline"]);
  });

  test("a readiness gate is not met, though all containers are ready: not rejected", () => {
    const pods = [{ ...unready("b", bad, []), containers: [running("app", at(-800))] }];
    expect(verdictOf(pods, late)).toBeUndefined();
  });

  describe("a pod becomes unready after the deadline", () => {
    const unreadySince = (seconds: number): Pod => ({
      ...unready("b", bad, running("app", at(-900))),
      readinessSince: at(seconds),
    });
    const unschedulable = { ...unready("c", bad, []), unschedulable: "0/1 nodes are available" };

    test("another pod is unschedulable: rejected only when the pod is unready for the whole deadline", () => {
      expect(verdictOf([unreadySince(-3), unschedulable], late)).toBeUndefined();
      expect(verdictOf([unreadySince(-60), unschedulable], late)?.reason).toBe("NotReadyByDeadline");
    });

    test("the API server refuses more pods: not rejected", () => {
      expect(verdictOf([unreadySince(-3)], { ...late, isRefused: true })).toBeUndefined();
    });

    test("the rollout waits for nothing else: rejected, so that flapping does not reset the deadline", () => {
      expect(verdictOf([unreadySince(-3), pod("d", bad)], late)?.reason).toBe("NotReadyByDeadline");
    });
  });

  test("pods are unready for long: not rejected before the deadline since the last progress has passed", () => {
    const pods = [unready("b", bad, running("app", at(-900)))];
    expect(verdictOf(pods, { ...input, progressAtMs: startMs - 59_000 })).toBeUndefined();
    expect(verdictOf(pods, { ...input, progressAtMs: startMs - 60_000 })?.reason).toBe("NotReadyByDeadline");
  });
});
