import { describe, expect, test } from "@jest/globals";
import { annotations, childAnnotations } from "../../../operator/api/names.ts";
import { restartsOf, templateMetadataOf } from "../../../operator/core/deployment.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { type ObservedFields, app, at, pod, spec, startMs } from "./objects.ts";
import { planOf, deploymentOf, observedApp, appOf, v1 } from "./situations.ts";

const service = renderService(observedApp(), "stable");
const deployment = deploymentOf(v1);
const pods = [pod("a", v1), pod("b", v1)];
const steady = { app: appOf("app:1"), revisions: [v1], service, deployment, pods };

describe("a restart of the pods", () => {
  const restarted = (time: string) => {
    const template = templateMetadataOf(steady.deployment);
    const metadata = { ...template, annotations: { [childAnnotations.restartedAt]: time } };
    const { template: whole, ...others } = steady.deployment["spec"] as { template: object };
    const { annotations: stored, ...live } = steady.deployment.metadata;
    const progress = { ...stored, [childAnnotations.progressRestarts]: time };
    const spec = { ...others, template: { ...whole, metadata } };
    const pods = steady.pods.map((one) => ({ ...one, restarts: time }));
    const deployment = { ...steady.deployment, metadata: { ...live, annotations: progress }, spec };
    return { ...steady, pods, deployment };
  };
  const requesting = (by: { field?: string; annotation?: string }) => ({
    app: app({
      spec: spec({ image: "app:1", ...(by.field && { restartAt: by.field }) }),
      annotations: by.annotation === undefined ? {} : { [annotations.restartAt]: by.annotation },
    }),
  });
  const restartedAt = (before: ObservedFields): string | undefined => {
    const deployment = planOf(before).actions.find(({ object }) => object.kind === "Deployment");
    return templateMetadataOf(deployment?.object)?.annotations?.[childAnnotations.restartedAt];
  };

  test.each([
    { name: "spec.restartAt is due", by: { field: at(-5) }, time: at(-5) },
    { name: "the annotation is due", by: { annotation: at(-5) }, time: at(-5) },
    {
      name: "spec.restartAt and the annotation are due",
      by: { field: at(-9), annotation: at(-5) },
      time: at(-5),
    },
    {
      name: "spec.restartAt is in the future and the annotation is due",
      by: { field: at(9), annotation: at(-5) },
      time: at(-5),
    },
  ])("$name: the pod template gets the latest due time", ({ by, time }) => {
    expect(restartedAt({ ...steady, ...requesting(by) })).toBe(time);
  });

  test.each([
    { name: "no restart is requested", by: {} },
    { name: "the requested restart was carried out", by: { field: at(-5) } },
    { name: "an older time is requested", by: { annotation: at(-7) } },
    {
      name: "the same time is requested in another time zone",
      by: { annotation: "2026-01-01T00:59:55+01:00" },
    },
    { name: "the requested time is in the future", by: { field: at(60) } },
    { name: "the requested time is invalid", by: { annotation: "tomorrow" } },
  ])("$name: the pods are not restarted", ({ by }) => {
    expect(planOf({ ...restarted(at(-5)), ...requesting(by) }, startMs).actions).toEqual([]);
  });

  test.each(["2099-01-01T00:00:00Z", "garbage"])(
    "the pod template names %s as its last restart: a due restart is carried out",
    (time) => {
      expect(restartedAt({ ...restarted(time), ...requesting({ field: at(-5) }) })).toBe(at(-5));
    },
  );

  test.each(["2099-01-01T00:00:00Z", "garbage"])(
    "the pod template names %s as its last restart and none is due: no pod is restarted",
    (time) => {
      expect(restartedAt({ ...restarted(time), ...requesting({}) }) ?? time).toBe(time);
    },
  );

  test.each([
    { name: "every pod is younger than the requested time", pods: [pod("a", v1, { createdAt: at(-4) })] },
    { name: "the only older pod is terminating", pods: [pod("a", v1, { deleting: true })] },
    { name: "there is no pod", pods: [] },
  ])("$name: the pods are not restarted", ({ pods: some }) => {
    const before = observedApp({ ...steady, ...requesting({ field: at(-5) }), pods: some });
    expect(planOf(before, startMs).actions).toEqual([]);
  });
});

test("restart annotations with control characters and a long text: one line of at most 64 characters for each", () => {
  const kubectl = "kubectl.kubernetes.io/restartedAt";
  const restarts = restartsOf({ [childAnnotations.restartedAt]: "a\n\u001Bb", [kubectl]: "x".repeat(1000) });
  expect(restarts).toBe(`a b ${"x".repeat(63)}…`);
  expect(restartsOf({ [kubectl]: at(0) })).toBe(` ${at(0)}`);
});
