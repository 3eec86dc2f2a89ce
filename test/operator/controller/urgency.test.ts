import { describe, expect, test } from "@jest/globals";
import { isNewWish, isRolledOut } from "../../../operator/controller/urgency.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import { app, statusOf } from "../core/objects.ts";

describe("a change of a DemoApp is acted on at once", () => {
  const before = app({ generation: 2, annotations: { a: "1" } });
  const change = (fields: Parameters<typeof app>[0]) =>
    isNewWish({ type: "MODIFIED", object: { ...before, ...fields }, previous: before });

  test.each([
    ["when it is new", isNewWish({ type: "ADDED", object: before })],
    ["when it is gone", isNewWish({ type: "DELETED", object: before, previous: before })],
    ["when its spec is another", change({ generation: 3 })],
    ["when an annotation is set, as acts are", change({ annotations: { a: "1", b: "2" } })],
    ["when it is to be deleted", change({ deleting: true })],
  ])("%s", (_, urgent) => expect(urgent).toBe(true));

  test("but not when only its status is another, or the order of its annotations", () => {
    expect(change({ status: statusOf({ phase: "Healthy" }), annotations: { a: "1" } })).toBe(false);
  });
});

describe("a change of a Deployment is acted on at once", () => {
  const deployment = (status: Readonly<Record<string, number>>): Manifest => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", generation: 2 },
    spec: { replicas: 2 },
    status,
  });
  const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const isUrgent = (status: Readonly<Record<string, number>>) =>
    isRolledOut({ type: "MODIFIED", object: deployment(status) });

  test("when all its pods are there", () => expect(isUrgent(done)).toBe(true));

  test("when it is gone", () => expect(isRolledOut({ type: "DELETED", object: deployment({}) })).toBe(true));

  test.each([
    ["the controller has not seen its spec", { ...done, observedGeneration: 1 }],
    ["a pod is not available", { ...done, availableReplicas: 1 }],
    ["an old pod is still there", { ...done, replicas: 3 }],
    ["a pod is of the old template", { ...done, updatedReplicas: 1 }],
  ])("but not while %s", (_, status) => expect(isUrgent(status)).toBe(false));
});
