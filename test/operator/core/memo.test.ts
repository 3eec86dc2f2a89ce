import { describe, expect, test } from "@jest/globals";
import { once, remembered } from "../../../operator/core/memo.ts";
import { drift } from "../../../operator/core/diff.ts";
import { isFields } from "../../../operator/core/manifest.ts";
import { plan } from "../../../operator/core/plan.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { desired, live, observation, withSpec } from "./driftobjects.ts";
import { app, observed, rolledOut, spec, startMs } from "./objects.ts";
import { accepted2, deploymentInput, v1 } from "./situations.ts";

describe("a function that remembers its last result for an object", () => {
  const calls: unknown[] = [];
  const sum = remembered(({ a }: { a: number }, input: { b: number; c?: number }) => {
    calls.push(input);
    return { sum: a + input.b };
  });
  const object = { a: 1 };

  test.each([
    { name: "the first call", from: object, input: { b: 2 }, sums: 3, runs: 1 },
    { name: "an equal input", from: object, input: { b: 2 }, sums: 3, runs: 1 },
    { name: "another value", from: object, input: { b: 3 }, sums: 4, runs: 2 },
    { name: "the value before", from: object, input: { b: 2 }, sums: 3, runs: 3 },
    { name: "one more value", from: object, input: { b: 2, c: 1 }, sums: 3, runs: 4 },
    { name: "an equal object that is another one", from: { a: 1 }, input: { b: 2, c: 1 }, sums: 3, runs: 5 },
  ])("$name: the result is right, and the function has run $runs times", ({ from, input, sums, runs }) => {
    expect(sum(from, input).sum).toBe(sums);
    expect(calls).toHaveLength(runs);
  });

  test("a function of the object alone: runs once, also if the result is undefined", () => {
    let runs = 0;
    const nothing = once<object, undefined>(() => void (runs += 1));
    expect([nothing(object), nothing(object), runs]).toEqual([undefined, undefined, 1]);
  });
});

describe("rendering and comparing", () => {
  const input = deploymentInput(v1.template);

  test("the same template, spec and size: one rendered spec", () => {
    const once = renderDeployment(observation, input);
    expect(renderDeployment(observation, { ...input, annotations: { other: "1" } })["spec"]).toBe(
      once["spec"],
    );
    expect(renderService(observation, "stable")["spec"]).toBe(renderService(observation, "stable")["spec"]);
  });

  test.each([
    { name: "another size", changed: { ...input, size: 9 } },
    { name: "a restart", changed: { ...input, restartedAt: "2026-01-01T00:00:00Z" } },
    { name: "another track", changed: { ...input, track: "candidate" as const } },
    { name: "other limits", changed: { ...input, rollingUpdate: { maxSurge: 9, maxUnavailable: 9 } } },
  ])("$name: rendered anew", ({ changed }) => {
    const before = renderDeployment(observation, input)["spec"];
    expect(renderDeployment(observation, changed)["spec"]).not.toEqual(before);
  });

  test("an app of another name with the same spec and template: rendered anew", () => {
    const other = { ...observation, app: { ...observation.app, name: "api" } };
    expect(renderDeployment(other, input)["spec"]).toMatchObject({
      selector: { matchLabels: { "app.kubernetes.io/name": "api" } },
    });
    expect(renderService(other, "stable")["spec"]).not.toEqual(renderService(observation, "stable")["spec"]);
  });

  test("one live spec with other managed fields: compared anew, with the object's own resourceVersion", () => {
    const added = { "f:paused": {} };
    const paused = withSpec(live, { paused: true });
    const claimed = (resourceVersion: string) => {
      const entry = { manager: "kubectl-edit", operation: "Update", fieldsV1: { "f:spec": added } };
      const managedFields = [...(paused.metadata.managedFields ?? []), entry];
      return { ...paused, metadata: { ...paused.metadata, resourceVersion, managedFields } };
    };
    expect(drift(paused, desired).takeOver).toEqual([]);
    for (const version of ["7", "8"])
      expect(drift(claimed(version), desired).takeOver[0]).toMatchObject({ value: version });
    expect(drift(paused, desired).takeOver).toEqual([]);
  });
});

/** The value, and how often code has read one of its fields. */
function counted<T>(value: T, reads: { count: number }): T {
  if (Array.isArray(value)) return value.map((item: unknown) => counted(item, reads)) as T;
  if (!isFields(value)) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, counted(inner, reads)]));
  const get = (target: object, key: string | symbol): unknown => {
    reads.count += 1;
    return Reflect.get(target, key);
  };
  return new Proxy(copy, { get }) as T;
}

test("a reconcile with the objects of the one before: reads no field of a pod, neither a live nor a desired one", () => {
  const reads = { count: 0 };
  const template = { ...accepted2.template, spec: counted(accepted2.template["spec"], reads) };
  const revision = { ...accepted2, template };
  const deployment = rolledOut(renderDeployment(observation, deploymentInput(template)));
  const requested = spec({ image: accepted2.image });
  const before = observed({ app: app({ spec: requested }), deployment, revisions: [revision] });
  plan(before, startMs);
  expect(reads.count).toBeGreaterThan(0);
  reads.count = 0;
  plan({ ...before, app: { ...before.app, status: {} } }, startMs + 1);
  expect(reads.count).toBe(0);
});
