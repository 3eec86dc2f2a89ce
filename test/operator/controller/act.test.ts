import { describe, expect, test } from "@jest/globals";
import { NoOpApplies, act } from "../../../operator/controller/act.ts";
import type { Action } from "../../../operator/core/action.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient, KubeObject } from "../../../operator/runtime/kubernetes.ts";

const object = (kind: string) => ({
  apiVersion: "v1",
  kind,
  metadata: { namespace: "team", name: "web", uid: "1" },
});
const apply = (kind: string): Action => ({ do: "apply", object: object(kind), why: "update" });
const remove: Action = { do: "delete", object: object("ControllerRevision"), why: "history limit" };

/** A client that answers each write with the next of the answers: an object, or an error to reject with. */
function answering(...answers: readonly (KubeObject | Error)[]) {
  const left = [...answers];
  const calls: string[] = [];
  const answer = (verb: string) => (): Promise<KubeObject> => {
    calls.push(verb);
    const next = left.shift();
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? object("Service"));
  };
  const client = { apply: answer("apply"), patch: answer("patch"), delete: answer("delete") };
  return { client: client as unknown as ApiClient, calls };
}

async function run(actions: readonly Action[], ...answers: readonly (KubeObject | Error)[]) {
  const { client, calls } = answering(...answers);
  const learned: KubeObject[] = [];
  const done: string[] = [];
  const options = {
    client,
    noOpApplies: new NoOpApplies(),
    learn: (learnt: KubeObject) => void learned.push(learnt),
    onDone: (action: Action) => void done.push(action.object.kind),
  };
  return { refused: await act(actions, options), calls, learned, done };
}

describe("acting", () => {
  test("writes in order and learns what each write answered", async () => {
    const answer = object("Deployment");
    const { calls, learned, done } = await run([apply("Deployment"), apply("Service")], answer);
    expect({ calls, done }).toEqual({ calls: ["apply", "apply"], done: ["Deployment", "Service"] });
    expect(learned[0]).toBe(answer);
  });

  test.each([
    { what: "validation", error: new ApiError(422, { message: "spec.x: Invalid value" }) },
    { what: "RBAC or a webhook", error: new ApiError(403, { message: "User can't" }) },
    {
      what: "an unknown field, which server-side apply answers with 500",
      error: new ApiError(500, {
        message: "failed to create typed patch object: field not declared in schema",
      }),
    },
    {
      what: "a value of the wrong type in a field that is passed on",
      error: new ApiError(500, {
        message: "failed to create typed patch object (team/web; apps/v1): .spec: expected string, got 8080",
      }),
    },
    {
      what: "a webhook that names no code of its own, which the API server answers with 400",
      error: new ApiError(400, { message: 'admission webhook "a.b.c" denied the request: no' }),
    },
    {
      what: "a webhook with whatever code it names",
      error: new ApiError(409, { message: 'admission webhook "a.b.c" denied the request: no' }),
    },
  ])("stops at the first write that is refused by $what, and says which", async ({ error }) => {
    const { refused, done } = await run(
      [apply("Service"), apply("Deployment"), apply("Service")],
      object("Service"),
      error,
    );
    expect(refused).toEqual({ object: "Deployment/web", status: error.status, message: error.message });
    expect(done).toEqual(["Service"]);
  });

  test.each([
    { what: "a conflict", error: new ApiError(409, { reason: "Conflict" }) },
    { what: "a failing server", error: new ApiError(503, {}) },
    {
      what: "a namespace that is going",
      error: new ApiError(403, { message: "because it is being terminated" }),
    },
  ])("throws $what, which is worth another try", async ({ error }) => {
    await expect(run([apply("Service")], error)).rejects.toBe(error);
  });

  test.each([404, 409])("takes a deletion that is answered with %d for done", async (status) => {
    const { refused, calls } = await run(
      [remove, apply("Service")],
      new ApiError(status, { reason: "Conflict" }),
    );
    expect(refused).toBeUndefined();
    expect(calls).toEqual(["delete", "apply"]);
  });

  test("says that a write was done only if it changed something", async () => {
    const same = {
      ...object("Deployment"),
      metadata: { ...object("Deployment").metadata, resourceVersion: "7" },
    };
    const over = { ...apply("Deployment"), over: "7" } as Action;
    expect((await run([over], same)).done).toEqual([]);
    expect((await run([{ ...over, over: "6" } as Action], same)).done).toEqual(["Deployment"]);
  });

  const claim: Action = { do: "take-over", object: object("Deployment"), patch: [], why: "drift" };

  test("throws what makes a claim invalid: the object has changed meanwhile", async () => {
    const error = new ApiError(422, { message: "the server rejected our request" });
    await expect(run([claim], error)).rejects.toBe(error);
  });

  test.each([
    { who: "RBAC", error: new ApiError(403, { message: "User can't" }) },
    {
      who: "a policy, which the API server answers with 422",
      error: new ApiError(422, {
        message: "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no",
      }),
    },
    {
      who: "a webhook that names no code of its own",
      error: new ApiError(400, { message: 'admission webhook "a.b.c" denied the request: no' }),
    },
  ])("says that a claim is refused for good by $who", async ({ error }) => {
    const { status } = error;
    expect((await run([claim], error)).refused).toMatchObject({ object: "Deployment/web", status });
  });

  test("forgets an app that is gone", async () => {
    const same = {
      ...object("Deployment"),
      metadata: { ...object("Deployment").metadata, resourceVersion: "7" },
    };
    const { client, calls } = answering(same, same);
    const noOpApplies = new NoOpApplies();
    const options = { client, noOpApplies, learn: () => undefined, onDone: () => undefined };
    const over = { ...apply("Deployment"), over: "7" } as Action;
    await act([over], options);
    noOpApplies.forget("team/web");
    await act([over], options);
    expect(calls).toHaveLength(2);
  });

  test("does not repeat an apply that changed nothing, until the object has changed", async () => {
    const { client, calls } = answering(
      { ...object("Deployment"), metadata: { ...object("Deployment").metadata, resourceVersion: "7" } },
      { ...object("Deployment"), metadata: { ...object("Deployment").metadata, resourceVersion: "9" } },
    );
    const options = {
      client,
      noOpApplies: new NoOpApplies(),
      learn: () => undefined,
      onDone: () => undefined,
    };
    for (const over of ["7", "7", "7", "8"]) await act([{ ...apply("Deployment"), over } as Action], options);
    expect(calls).toEqual(["apply", "apply"]);
  });
});
