import { describe, expect, test } from "@jest/globals";
import type { Action } from "../../../operator/core/action.ts";
import { ConnectionError } from "../../../operator/runtime/api-error.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { object, apply, remove, scene } from "./actscene.ts";

describe("the writes after one that is not made", () => {
  const [revision, deployment, service] = [
    apply("ControllerRevision"),
    apply("Deployment"),
    apply("Service"),
  ];
  const missingService: Action = { ...service, needs: [] };
  const unavailable = new ApiError(503, {});
  const invalid = new ApiError(422, { message: "spec.x: Invalid value" });

  test.each<{ name: string; responses: readonly (KubeObject | Error)[]; written: readonly string[] }>([
    {
      name: "a ControllerRevision: neither pods nor traffic follow a decision that is not stored",
      responses: [invalid],
      written: [],
    },
    {
      name: "a Deployment: the Service keeps serving by the old spec",
      responses: [object("ControllerRevision"), invalid],
      written: ["apply ControllerRevision"],
    },
    {
      name: "a Service: the Deployment is written",
      responses: [object("ControllerRevision"), object("Deployment"), invalid],
      written: ["apply ControllerRevision", "apply Deployment"],
    },
  ])("$name", async ({ responses, written }) => {
    for (const error of [invalid, unavailable]) {
      const current = scene(...responses.map((response) => (response === invalid ? error : response)));
      const { refused, failed } = await current.run(revision, deployment, service);
      expect(current.written).toEqual(written);
      expect([refused.length, failed.length]).toEqual(error === invalid ? [1, 0] : [0, 1]);
    }
  });

  test("a Deployment is refused and the Service is missing: the Service is created", async () => {
    const { run, written } = scene(invalid);
    await run(deployment, missingService);
    expect(written).toEqual(["apply Service"]);
  });

  test("the API server does not answer: no further request, because each would time out", async () => {
    const { run, calls } = scene(new ConnectionError("ETIMEDOUT", undefined));
    const { failed } = await run(deployment, missingService, remove);
    expect([calls.length, failed.length]).toEqual([1, 1]);
  });
});
