import { describe, expect, test } from "@jest/globals";
import { inScope } from "../../../operator/core/action.ts";
import { NoOpApplies } from "../../../operator/controller/act.ts";

type Apply = Parameters<NoOpApplies["has"]>[0];

const object = (kind: string, fields: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { namespace: "team", name: "web", ...fields },
});
/** An apply over a live object with the resourceVersion `over`. */
const apply = (over: string | undefined, kind = "Deployment"): Apply => ({
  do: "apply",
  object: object(kind),
  why: "drift",
  over,
  ...inScope(kind === "Service" ? "traffic" : "stable"),
});
const response = (resourceVersion: string) => object("Deployment", { resourceVersion });

/** The applies after a no-op apply over resourceVersion 7. */
function afterNoOp(kind?: string): NoOpApplies {
  const applies = new NoOpApplies();
  expect(applies.record(apply("7", kind), response("7"))).toBe(false);
  return applies;
}

describe("after a no-op apply", () => {
  test("neither object changes: it is known", () => {
    expect(afterNoOp().has(apply("7"))).toBe(true);
  });

  test.each([
    { name: "the live object changes", next: apply("8") },
    { name: "the live object is deleted", next: apply(undefined) },
    {
      name: "the desired object changes",
      next: { ...apply("7"), object: { ...object("Deployment"), spec: {} } },
    },
    { name: "the apply is of another kind", next: apply("7", "Service") },
    {
      name: "the apply is of another app",
      next: { ...apply("7"), object: { ...object("Deployment", { name: "api" }) } },
    },
  ])("$name: it is not known", ({ next }) => {
    expect(afterNoOp().has(next)).toBe(false);
  });

  test("a later apply changes the object: it is no longer known", () => {
    const applies = afterNoOp();
    expect(applies.record(apply("8"), response("9"))).toBe(true);
    expect(applies.has(apply("7"))).toBe(false);
  });

  test.each(["Deployment", "Service"])("the app is deleted: the %s's apply is forgotten", (kind) => {
    const applies = afterNoOp(kind);
    applies.forget("team/web");
    expect(applies.has(apply("7", kind))).toBe(false);
  });

  test("another app is deleted: it is still known", () => {
    const applies = afterNoOp();
    applies.forget("team/other");
    expect(applies.has(apply("7"))).toBe(true);
  });
});

test("an object is created: never a no-op apply", () => {
  const applies = new NoOpApplies();
  expect(applies.record(apply(undefined), response("1"))).toBe(true);
  expect(applies.has(apply(undefined))).toBe(false);
});
