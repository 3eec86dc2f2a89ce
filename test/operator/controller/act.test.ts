import { describe, expect, test } from "@jest/globals";
import type { Action } from "../../../operator/core/action.ts";
import { ConnectionError } from "../../../operator/runtime/api-error.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import { object, apply, remove, takeOver, scene } from "./actscene.ts";

const nothing = { refused: [], failed: [] };

describe("executing actions", () => {
  test("a plan without actions: no request", async () => {
    const { run, calls } = scene();
    expect(await run()).toEqual(nothing);
    expect(calls).toEqual([]);
  });

  test("an apply: a forced server-side apply by the operator's field manager", async () => {
    const { run, calls } = scene();
    await run(apply("Deployment"));
    expect(calls).toEqual([
      [
        "apply",
        expect.objectContaining({ group: "apps", plural: "deployments" }),
        object("Deployment"),
        { fieldManager: "demoapp-operator", force: true },
      ],
    ]);
  });

  test("a new Deployment: an apply that is not forced, so that it takes no object of another writer", async () => {
    const { run, calls } = scene();
    await run({ ...apply("Deployment"), isNew: true } as Action);
    expect(calls[0]?.[3]).toEqual({ fieldManager: "demoapp-operator", force: false });
  });

  test("a new ControllerRevision: a POST that may be repeated, by the operator's field manager", async () => {
    const { run, calls } = scene();
    await run({ ...apply("ControllerRevision"), do: "create" });
    expect(calls).toEqual([
      [
        "create",
        expect.objectContaining({ plural: "controllerrevisions" }),
        object("ControllerRevision"),
        { fieldManager: "demoapp-operator", idempotent: true },
      ],
    ]);
  });

  test("a take-over: a JSON patch by the operator's field manager", async () => {
    const { run, calls } = scene();
    await run(takeOver);
    expect(calls).toEqual([
      [
        "patch",
        expect.objectContaining({ plural: "deployments" }),
        { namespace: "team", name: "web" },
        { type: "json", body: [{ op: "remove", path: "/a" }], fieldManager: "demoapp-operator" },
      ],
    ]);
  });

  test("a delete: only of the object with the observed uid", async () => {
    const { run, calls } = scene();
    await run(remove);
    expect(calls).toEqual([
      [
        "delete",
        expect.objectContaining({ plural: "controllerrevisions" }),
        { namespace: "team", name: "web" },
        { preconditions: { uid: "1" } },
      ],
    ]);
  });

  test("several actions: executed in order, each response stored in the cache, each write reported", async () => {
    const [deployment, patched] = [object("Deployment", "1"), object("Deployment", "2")];
    const { run, verbs, cached, written } = scene(deployment, patched);
    expect(await run(apply("Deployment"), takeOver, remove)).toEqual(nothing);
    expect(verbs()).toEqual(["apply", "patch", "delete"]);
    expect(cached).toEqual([deployment, patched]);
    expect(written).toEqual(["apply Deployment", "take-over Deployment", "delete ControllerRevision"]);
  });

  test("the end of a rollout: its event is published before the write that stores the outcome", async () => {
    const { run, calls } = scene();
    const outcome = {
      type: "Normal",
      reason: "RolloutAccepted",
      message: "",
      name: "web.1.2.accepted",
    } as const;
    await run({ ...apply("ControllerRevision"), outcome });
    expect(calls.map(([verb]) => verb)).toEqual(["event", "apply"]);
  });

  test("an unknown kind: throws before any request", async () => {
    const { run, calls } = scene();
    await expect(run(apply("Ingress"))).rejects.toThrow("no resource type for kind Ingress");
    expect(calls).toEqual([]);
  });
});

const webhook = 'admission webhook "a.b.c" denied the request: no';
const policy = "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no";

describe("a refusal", () => {
  test.each([
    { by: "validation (422)", status: 422, message: "spec.x: Invalid value" },
    { by: "validation (400)", status: 400, message: "the object is malformed" },
    { by: "RBAC", status: 403, message: 'User "x" cannot patch resource "services"' },
    { by: "a quota", status: 403, message: "exceeded quota: pods=2" },
    { by: "the size limit of a request", status: 413, message: "Request entity too large" },
    { by: "the size limit of etcd", status: 500, message: "etcdserver: request is too large" },
    {
      by: "an unknown field, which server-side apply refuses with 500",
      status: 500,
      message: "failed to create typed patch object: field not declared in schema",
    },
    {
      by: "a value of a wrong type, which server-side apply refuses with 500",
      status: 500,
      message: "failed to create typed patch object (team/web; apps/v1): .spec: expected string",
    },
    {
      by: "a value that can't be converted, refused with 500",
      status: 500,
      message: "failed to convert new object to smd typed",
    },
    { by: "a webhook without a status of its own", status: 400, message: webhook },
    { by: "a webhook with an unusual status", status: 409, message: webhook },
    {
      by: "a webhook that can't be reached",
      status: 500,
      message: 'failed calling webhook "a.b.c": refused',
    },
    { by: "a policy", status: 422, message: policy },
  ])("of an apply by $by: is returned, and is no failure", async ({ status, message }) => {
    const { run } = scene(new ApiError(status, { message }));
    const refused = [{ object: "Deployment/web", scope: "stable", status, message }];
    expect(await run(apply("Deployment"))).toEqual({ refused, failed: [] });
  });

  test.each([
    { by: "RBAC", status: 403, message: "User can't" },
    { by: "a policy, which has status 422", status: 422, message: policy },
    { by: "a webhook without a status of its own", status: 400, message: webhook },
  ])("of a take-over by $by: is returned", async ({ status, message }) => {
    const { run, written } = scene(new ApiError(status, { message }));
    const refused = [{ object: "Deployment/web", scope: "stable", status, message }];
    expect(await run(takeOver)).toEqual({ refused, failed: [] });
    expect(written).toEqual([]);
  });

  test("of a delete by RBAC: is returned", async () => {
    const { run, written } = scene(new ApiError(403, { message: "User can't" }));
    const refusal = {
      object: "ControllerRevision/web",
      scope: "history",
      status: 403,
      message: "User can't",
    };
    expect(await run(remove)).toEqual({ refused: [refusal], failed: [] });
    expect(written).toEqual([]);
  });
});

describe("an error that a retry may fix", () => {
  test.each([
    { name: "a conflict", error: new ApiError(409, { reason: "Conflict" }) },
    { name: "an overloaded API server", error: new ApiError(503, {}) },
    { name: "status 503 with a message of a refusal", error: new ApiError(503, { message: "too large" }) },
    { name: "an internal error", error: new ApiError(500, { message: "etcdserver: leader changed" }) },
    { name: "too many requests", error: new ApiError(429, {}) },
    { name: "expired credentials", error: new ApiError(401, {}) },
    { name: "a missing namespace", error: new ApiError(404, {}) },
    {
      name: "a terminating namespace",
      error: new ApiError(403, { message: "because it is being terminated" }),
    },
    { name: "no response", error: new ConnectionError("ECONNRESET", undefined) },
  ])("$name: is returned as a failure", async ({ error }) => {
    const { run, written } = scene(error);
    expect(await run(apply("Service"))).toMatchObject({
      refused: [],
      failed: [{ object: "Service/web", scope: "traffic", error }],
    });
    expect(written).toEqual([]);
  });

  test.each([422, 400])(
    "status %d for a take-over: a failure, because the patch may be stale",
    async (status) => {
      const error = new ApiError(status, { message: "the server rejected our request" });
      expect(await scene(error).run(takeOver)).toMatchObject({ refused: [], failed: [{ error }] });
    },
  );

  test.each([404, 409])("status %d for a delete: ignored, because the object is gone", async (status) => {
    const { run, verbs, written } = scene(new ApiError(status, { reason: "Conflict" }));
    expect(await run(remove, apply("Service"))).toEqual(nothing);
    expect(verbs()).toEqual(["delete", "apply"]);
    expect(written).toEqual(["apply Service"]);
  });

  test("a defect of the operator: is thrown, and later actions are not executed", async () => {
    const defect = new TypeError("x is undefined");
    const { run, calls } = scene(defect);
    await expect(run(apply("Service"), apply("Deployment"))).rejects.toBe(defect);
    expect(calls).toHaveLength(1);
  });
});

describe("a no-op apply", () => {
  test("the response has the live object's resourceVersion: not reported as written, but cached", async () => {
    const { run, written, cached } = scene(object("Deployment", "7"));
    await run(apply("Deployment", "7"));
    expect([written, cached.length]).toEqual([[], 1]);
  });

  test.each([
    { name: "the response has another resourceVersion", over: "6" },
    { name: "the object did not exist", over: undefined },
  ])("$name: reported as written", async ({ over }) => {
    const { run, written } = scene(object("Deployment", "7"));
    await run(apply("Deployment", over));
    expect(written).toEqual(["apply Deployment"]);
  });

  test("repeated: skipped without a request, and later actions are executed", async () => {
    const { run, verbs, written } = scene(object("Deployment", "7"));
    for (let turn = 0; turn < 3; turn += 1) await run(apply("Deployment", "7"), remove);
    expect(verbs()).toEqual(["apply", "delete", "delete", "delete"]);
    expect(written).toEqual(Array<string>(3).fill("delete ControllerRevision"));
  });
});
