import { describe, expect, test } from "@jest/globals";
import { wordsOf } from "../../../tools/demo/drift.ts";
import { type KubePod, podOf, summary, versionOf } from "../../../tools/demo/pods.ts";

const nowMs = Date.parse("2026-01-01T00:01:00Z");
const minReadyMs = 15_000;

/** A pod that became ready (or unready) so many seconds ago. */
const pod = (
  status: "True" | "False",
  secondsAgo: number,
  more: Partial<KubePod["status"]> = {},
): KubePod => ({
  metadata: { name: "web-1" },
  spec: { containers: [{ image: "127.0.0.1:5000/webapp:1.1.0" }] },
  status: {
    podIP: "10.244.0.7",
    conditions: [
      { type: "Ready", status, lastTransitionTime: new Date(nowMs - secondsAgo * 1000).toISOString() },
    ],
    ...more,
  },
});

const ended = (state: object): Partial<KubePod["status"]> => ({
  containerStatuses: [{ restartCount: 1, state }],
});

describe("a pod is", () => {
  test.each([
    ["starting while it is not ready", pod("False", 3), "starting"],
    ["starting before it has a status", { ...pod("False", 3), status: {} }, "starting"],
    ["ready, but not available, before minReadySeconds are over", pod("True", 14), "ready"],
    ["available once they are", pod("True", 15), "available"],
    ["crashed when its container has ended", pod("False", 1, ended({ terminated: {} })), "crashed"],
    [
      "crashed while the kubelet holds it back",
      pod("False", 1, ended({ waiting: { reason: "CrashLoopBackOff" } })),
      "crashed",
    ],
    [
      "starting while its container is made",
      pod("False", 1, ended({ waiting: { reason: "ContainerCreating" } })),
      "starting",
    ],
    [
      "stopping once it is deleted, ready or not",
      { ...pod("True", 60), metadata: { name: "web-1", deletionTimestamp: "2026-01-01T00:01:00Z" } },
      "stopping",
    ],
  ])("%s", (_name, given, state) => {
    expect(podOf(given, minReadyMs, nowMs)).toMatchObject({ name: "web-1", version: "1.1.0", state });
  });
});

test.each([
  ["webapp:1.0.0", "1.0.0"],
  ["127.0.0.1:5000/webapp:1.0.0", "1.0.0"],
  ["ghcr.io/acme/webapp:1.0.0@sha256:abc", "1.0.0"],
  ["127.0.0.1:5000/webapp", "127.0.0.1:5000/webapp"],
])("the version of %s is %s", (image, version) => {
  expect(versionOf(image)).toBe(version);
});

test("a version's pods are summed up by state, in the order that matters, and none is a dash", () => {
  const of = (version: string, state: "available" | "starting" | "stopping") => ({
    name: "web",
    ip: "",
    version,
    state,
  });
  const pods = [of("1", "stopping"), of("1", "available"), of("2", "starting"), of("1", "available")];
  expect(summary(pods, "1")).toBe("2 available, 1 stopping");
  expect(summary(pods, "2")).toBe("1 starting");
  expect(summary(pods, "3")).toBe("-");
});

test("a Deployment's replicas and limits are told in words", () => {
  expect(wordsOf('5 {"cpu":"250m","memory":"256Mi"}')).toBe("replicas 5, limits cpu 250m and memory 256Mi");
});
