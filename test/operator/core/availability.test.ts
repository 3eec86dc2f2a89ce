import { describe, expect, test } from "@jest/globals";
import { availabilityOf } from "../../../operator/core/availability.ts";
import type { Fields } from "../../../operator/core/manifest.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { app, at, crashing, pod, running, spec, unready, unreadySince, withProgress } from "./objects.ts";
import { deploymentOf, observedApp, stateOf, v1 } from "./situations.ts";

const ready = [pod("a", v1), pod("b", v1)];
/** A pod that was created 20 s ago and has never been ready. */
const starting = (name: string, more: Partial<Pod> = {}): Pod => ({
  ...unready(name, v1, running("app", at(-18))),
  createdAt: at(-20),
  readinessSince: at(-19),
  ...more,
});

interface Row {
  readonly name: string;
  readonly spec?: Fields;
  readonly pods: readonly Pod[];
  /** Counts in the Deployment's status; `available` is the number of available pods. */
  readonly available: number;
  readonly refused?: boolean;
  /** True if the progress deadline has passed. */
  readonly isLate?: boolean;
  readonly expect: boolean;
}

const rows: readonly Row[] = [
  { name: "all pods are available", pods: ready, available: 2, expect: true },
  {
    name: "a pod that was ready is not ready",
    pods: [pod("a", v1), unready("b", v1, running())],
    available: 1,
    expect: false,
  },
  {
    name: "a pod was replaced and its successor is starting",
    pods: [pod("a", v1), starting("b")],
    available: 1,
    expect: true,
  },
  {
    name: "a pod crashes while it starts",
    pods: [pod("a", v1), starting("b", { containers: [crashing("no luck", -5)] })],
    available: 1,
    expect: false,
  },
  {
    name: "a pod has been starting for longer than the deadline",
    pods: [pod("a", v1), starting("b", { createdAt: at(-601) })],
    available: 1,
    expect: false,
  },
  {
    name: "the app is scaled up and its new pods don't exist yet",
    spec: { replicas: 10 },
    pods: ready,
    available: 2,
    expect: true,
  },
  {
    name: "the app is scaled up and a quota refuses the new pods",
    spec: { replicas: 10 },
    pods: ready,
    available: 2,
    refused: true,
    expect: false,
  },
  {
    name: "pods of a scale-up were not created by the deadline",
    spec: { replicas: 10 },
    pods: ready,
    available: 2,
    isLate: true,
    expect: false,
  },
  { name: "no pod serves, though all are starting", pods: [starting("a")], available: 0, expect: false },
  {
    name: "no pod serves, and maxUnavailable allows that",
    spec: { strategy: { rollingUpdate: { maxUnavailable: "100%" } } },
    pods: [],
    available: 0,
    expect: false,
  },
  { name: "replicas is 0", spec: { replicas: 0 }, pods: [], available: 0, expect: true },
];

describe("the condition Available", () => {
  test.each(rows)(
    "$name: $expect",
    ({ spec: fields, pods, available, refused, isLate, expect: expected }) => {
      const conditions = refused
        ? [{ type: "ReplicaFailure", status: "True", message: "exceeded quota: pods" }]
        : [];
      const before = observedApp({
        app: app({
          spec: spec({ image: "app:1", ...fields }),
          ...(isLate && { status: unreadySince(-900) }),
        }),
        revisions: [v1],
        deployment: withProgress(
          deploymentOf(v1, { availableReplicas: available, conditions }),
          2,
          isLate ? -900 : -100,
        ),
        pods,
      });
      expect(availabilityOf(stateOf(before)).status).toBe(expected);
    },
  );

  test("the Deployment of an app was deleted: False", () => {
    expect(availabilityOf(stateOf(observedApp({ revisions: [v1] }))).status).toBe(false);
  });
});
