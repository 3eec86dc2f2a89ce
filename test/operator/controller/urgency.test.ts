import { describe, expect, test } from "@jest/globals";
import { isUrgentAppChange, isUrgentDeploymentChange } from "../../../operator/controller/urgency.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import { app } from "../core/objects.ts";

describe("a DemoApp event is urgent", () => {
  const before = app({ generation: 2, annotations: { a: "1" } });
  const change = (fields: Parameters<typeof app>[0]) =>
    isUrgentAppChange({ type: "MODIFIED", object: { ...before, ...fields }, previous: before });

  test.each([
    ["the DemoApp is added", isUrgentAppChange({ type: "ADDED", object: before })],
    ["the DemoApp is deleted", isUrgentAppChange({ type: "DELETED", object: before, previous: before })],
    ["the spec changes", change({ generation: 3 })],
    ["an annotation changes: commands are annotations", change({ annotations: { a: "1", b: "2" } })],
    ["the deletion starts", change({ deleting: true })],
  ])("%s", (_, urgent) => expect(urgent).toBe(true));

  test("not urgent: only the status or the order of annotations changes", () => {
    expect(change({ status: { phase: "Healthy" }, annotations: { a: "1" } })).toBe(false);
  });
});

describe("a Deployment event is urgent", () => {
  const deployment = (status: Readonly<Record<string, number>>): Manifest => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", generation: 2 },
    spec: { replicas: 2 },
    status,
  });
  const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const isUrgent = (status: Readonly<Record<string, number>>) =>
    isUrgentDeploymentChange({ type: "MODIFIED", object: deployment(status) });

  test("all pods are updated and available", () => expect(isUrgent(done)).toBe(true));

  test("not urgent: all pods were already updated and available, and other fields change", () => {
    const [previous, object] = [deployment(done), deployment({ ...done, collisionCount: 1 })];
    expect(isUrgentDeploymentChange({ type: "MODIFIED", object, previous })).toBe(false);
    expect(isUrgentDeploymentChange({ type: "MODIFIED", object, previous: deployment({}) })).toBe(true);
  });

  test("the Deployment is deleted", () =>
    expect(isUrgentDeploymentChange({ type: "DELETED", object: deployment({}) })).toBe(true));

  test.each([
    ["the Deployment controller has not observed the spec", { ...done, observedGeneration: 1 }],
    ["a pod is not available", { ...done, availableReplicas: 1 }],
    ["a surplus pod exists", { ...done, replicas: 3 }],
    ["a pod has the old template", { ...done, updatedReplicas: 1 }],
  ])("not urgent: %s", (_, status) => expect(isUrgent(status)).toBe(false));
});
