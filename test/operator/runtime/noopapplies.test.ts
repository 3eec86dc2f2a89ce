import { describe, expect, test } from "@jest/globals";
import { NoOpApplies, objectId } from "../../../operator/runtime/noopapplies.ts";

const object = (kind: string, fields: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { namespace: "team", name: "web", ...fields },
});
const deployment = object("Deployment");
const response = (resourceVersion: string) => object("Deployment", { resourceVersion });

/** The applies after a no-op apply over resourceVersion 7. */
function afterNoOp(): NoOpApplies {
  const applies = new NoOpApplies();
  expect(applies.record(deployment, "7", response("7"))).toBe(false);
  return applies;
}

describe("after a no-op apply", () => {
  test("neither object changes: it is known", () => {
    expect(afterNoOp().has(object("Deployment"), "7")).toBe(true);
  });

  test.each([
    { name: "the live object changes", next: deployment, over: "8" },
    { name: "the live object is deleted", next: deployment, over: undefined },
    { name: "the desired object changes", next: { ...deployment, spec: {} }, over: "7" },
    { name: "the apply is of another kind", next: object("Service"), over: "7" },
    { name: "the apply is of another object", next: object("Deployment", { name: "api" }), over: "7" },
  ])("$name: it is not known", ({ next, over }) => {
    expect(afterNoOp().has(next, over)).toBe(false);
  });

  test("a later apply changes the object: it is no longer known", () => {
    const applies = afterNoOp();
    expect(applies.record(deployment, "8", response("9"))).toBe(true);
    expect(applies.has(deployment, "7")).toBe(false);
  });

  test("the object is forgotten: it is not known; another object's stays known", () => {
    const applies = afterNoOp();
    applies.forget("Deployment/team/other");
    expect(applies.has(deployment, "7")).toBe(true);
    applies.forget(objectId(deployment));
    expect(applies.has(deployment, "7")).toBe(false);
  });
});

test("an object is created: never a no-op apply", () => {
  const applies = new NoOpApplies();
  expect(applies.record(deployment, undefined, response("1"))).toBe(true);
  expect(applies.has(deployment, undefined)).toBe(false);
});
