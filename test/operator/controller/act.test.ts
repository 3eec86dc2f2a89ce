import { describe, expect, test } from "@jest/globals";
import { type ActOptions, NoOpApplies, act } from "../../../operator/controller/act.ts";
import type { Action } from "../../../operator/core/action.ts";
import { ConnectionError } from "../../../operator/runtime/api-error.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient, KubeObject } from "../../../operator/runtime/kubernetes.ts";

const object = (kind: string, resourceVersion?: string) => ({
  apiVersion: "v1",
  kind,
  metadata: {
    namespace: "team",
    name: "web",
    uid: "1",
    ...(resourceVersion !== undefined && { resourceVersion }),
  },
});
const apply = (kind: string, over?: string): Action => ({
  do: "apply",
  object: object(kind),
  why: "update",
  over,
});
const remove: Action = { do: "delete", object: object("ControllerRevision"), why: "history limit" };
const takeOver: Action = {
  do: "take-over",
  object: object("Deployment"),
  patch: [{ op: "remove", path: "/a" }],
  why: "drift",
};

/** Runs `act` with a client that responds to each write with the next response: an object, or an error to throw. */
function scene(...responses: readonly (KubeObject | Error)[]) {
  const left = [...responses];
  const calls: unknown[][] = [];
  const respond =
    (verb: string) =>
    (...args: unknown[]): Promise<KubeObject> => {
      calls.push([verb, ...args]);
      const next = left.shift();
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? object("Service"));
    };
  const client = { apply: respond("apply"), patch: respond("patch"), delete: respond("delete") };
  const cached: KubeObject[] = [];
  const written: string[] = [];
  const options: ActOptions = {
    client: client as unknown as ApiClient,
    noOpApplies: new NoOpApplies(),
    updateCache: (response) => void cached.push(response),
    onWritten: (action) => void written.push(`${action.do} ${action.object.kind}`),
  };
  return {
    calls,
    verbs: () => calls.map(([verb]) => verb),
    cached,
    written,
    run: (...actions: readonly Action[]) => act(actions, options),
  };
}

describe("executing actions", () => {
  test("a plan without actions: no request", async () => {
    const { run, calls } = scene();
    expect(await run()).toBeUndefined();
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
    expect(await run(apply("Deployment"), takeOver, remove)).toBeUndefined();
    expect(verbs()).toEqual(["apply", "patch", "delete"]);
    expect(cached).toEqual([deployment, patched]);
    expect(written).toEqual(["apply Deployment", "take-over Deployment", "delete ControllerRevision"]);
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
      message: "failed to create typed patch object (team/web; apps/v1): .spec: expected string, got 8080",
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
  ])("of an apply by $by: stops the later actions and is returned", async ({ status, message }) => {
    const { run, verbs, cached, written } = scene(object("Service"), new ApiError(status, { message }));
    const refused = await run(apply("Service"), apply("Deployment"), apply("Service"));
    expect(refused).toEqual({ object: "Deployment/web", status, message });
    expect(verbs()).toEqual(["apply", "apply"]);
    expect([cached.length, written]).toEqual([1, ["apply Service"]]);
  });

  test.each([
    { by: "RBAC", status: 403, message: "User can't" },
    { by: "a policy, which has status 422", status: 422, message: policy },
    { by: "a webhook without a status of its own", status: 400, message: webhook },
  ])("of a take-over by $by: is returned", async ({ status, message }) => {
    const { run, written } = scene(new ApiError(status, { message }));
    expect(await run(takeOver)).toEqual({ object: "Deployment/web", status, message });
    expect(written).toEqual([]);
  });

  test("of a delete by RBAC: is returned", async () => {
    const { run, written } = scene(new ApiError(403, { message: "User can't" }));
    expect(await run(remove)).toEqual({
      object: "ControllerRevision/web",
      status: 403,
      message: "User can't",
    });
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
    { name: "a defect of the operator", error: new TypeError("x is undefined") },
  ])("$name: is thrown, and later actions are not executed", async ({ error }) => {
    const { run, calls, written } = scene(error);
    await expect(run(apply("Service"), apply("Deployment"))).rejects.toBe(error);
    expect([calls.length, written]).toEqual([1, []]);
  });

  test.each([422, 400])(
    "status %d for a take-over: is thrown, because the patch may be stale",
    async (status) => {
      const error = new ApiError(status, { message: "the server rejected our request" });
      await expect(scene(error).run(takeOver)).rejects.toBe(error);
    },
  );

  test.each([404, 409])("status %d for a delete: ignored, because the object is gone", async (status) => {
    const { run, verbs, written } = scene(new ApiError(status, { reason: "Conflict" }));
    expect(await run(remove, apply("Service"))).toBeUndefined();
    expect(verbs()).toEqual(["delete", "apply"]);
    expect(written).toEqual(["apply Service"]);
  });

  test("status 503 for a delete: is thrown", async () => {
    const error = new ApiError(503, {});
    await expect(scene(error).run(remove)).rejects.toBe(error);
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
