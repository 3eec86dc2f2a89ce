import { describe, expect, test } from "@jest/globals";
import { type KubePod, podOf, summary, versionOf } from "../../../tools/demo/appstate.ts";

const nowMs = Date.parse("2026-01-01T00:01:00Z");
const minReadyMs = 15_000;

/** A pod whose Ready condition changed `secondsAgo`. */
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
  containerStatuses: [{ state }],
});

describe("state of a pod:", () => {
  test.each([
    ["not ready: starting", pod("False", 3), "starting"],
    ["no status yet: starting", { ...pod("False", 3), status: {} }, "starting"],
    ["ready for less than minReadySeconds: ready", pod("True", 14), "ready"],
    ["ready for minReadySeconds: available", pod("True", 15), "available"],
    ["container terminated: crashed", pod("False", 1, ended({ terminated: {} })), "crashed"],
    [
      "container waits in CrashLoopBackOff: crashed",
      pod("False", 1, ended({ waiting: { reason: "CrashLoopBackOff" } })),
      "crashed",
    ],
    [
      "container is being created: starting",
      pod("False", 1, ended({ waiting: { reason: "ContainerCreating" } })),
      "starting",
    ],
    [
      "deleted while ready: terminating",
      { ...pod("True", 60), metadata: { name: "web-1", deletionTimestamp: "2026-01-01T00:01:00Z" } },
      "terminating",
    ],
  ])("%s", (_name, given, state) => {
    expect(podOf(given, minReadyMs, nowMs)).toMatchObject({ name: "web-1", version: "1.1.0", state });
  });
});

test.each([
  ["webapp:1.0.0", "1.0.0"],
  ["127.0.0.1:5000/webapp:1.0.0", "1.0.0"],
  ["ghcr.io/acme/demoapp-webapp:1.0.0@sha256:abc", "1.0.0"],
  ["127.0.0.1:5000/webapp", "127.0.0.1:5000/webapp"],
])("the version of %s is %s", (image, version) => {
  expect(versionOf(image)).toBe(version);
});

test("summary of a version's pods: counts by state in a fixed order, a dash for no pod", () => {
  const of = (version: string, state: "available" | "starting" | "terminating") => ({
    name: "web",
    ip: "",
    version,
    state,
  });
  const pods = [of("1", "terminating"), of("1", "available"), of("2", "starting"), of("1", "available")];
  expect(summary(pods, "1")).toBe("2 available, 1 terminating");
  expect(summary(pods, "2")).toBe("1 starting");
  expect(summary(pods, "3")).toBe("-");
});
