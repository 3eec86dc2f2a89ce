import { describe, expect, test } from "@jest/globals";
import { annotations, childAnnotations } from "../../../operator/api/names.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { plan } from "../../../operator/core/plan.ts";
import { templateMetadataOf } from "../../../operator/core/deployment.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { app, at, pod, spec, startMs } from "./objects.ts";
import { deploymentOf, observedApp, appOf, v1 } from "./situations.ts";

const service = renderService(observedApp());
const deployment = deploymentOf(v1);
const pods = [pod("a", v1), pod("b", v1)];
const rested = { app: appOf("app:1"), revisions: [v1], service, deployment, pods };

describe("restarts", () => {
  const done = (time: string) => {
    const template = templateMetadataOf(rested.deployment);
    const metadata = { ...template, annotations: { [childAnnotations.restartedAt]: time } };
    const { template: whole, ...others } = rested.deployment["spec"] as { template: object };
    return {
      ...rested,
      deployment: { ...rested.deployment, spec: { ...others, template: { ...whole, metadata } } },
    };
  };
  const asking = (by: { field?: string; annotation?: string }) => ({
    app: app({
      spec: spec({ image: "app:1", ...(by.field && { restartAt: by.field }) }),
      annotations: by.annotation === undefined ? {} : { [annotations.restartAt]: by.annotation },
    }),
  });
  const restartedAt = (before: Partial<Observed>): string | undefined => {
    const deployment = plan(observedApp(before), startMs).actions.find(
      ({ object }) => object.kind === "Deployment",
    );
    return templateMetadataOf(deployment?.object)?.annotations?.[childAnnotations.restartedAt];
  };

  test.each([
    { name: "asked for by the field", by: { field: at(-5) }, time: at(-5) },
    { name: "asked for by the annotation", by: { annotation: at(-5) }, time: at(-5) },
    { name: "the newer of both counts", by: { field: at(-9), annotation: at(-5) }, time: at(-5) },
    {
      name: "one to come doesn't hide one that is due",
      by: { field: at(9), annotation: at(-5) },
      time: at(-5),
    },
  ])("$name", ({ by, time }) => {
    expect(restartedAt({ ...rested, ...asking(by) })).toBe(time);
  });

  test.each([
    { name: "none was asked for", by: {} },
    { name: "it was carried out", by: { field: at(-5) } },
    { name: "an older one is asked for", by: { annotation: at(-7) } },
    { name: "the same moment is spelt in another way", by: { annotation: "2026-01-01T00:59:55+01:00" } },
    { name: "it is to come", by: { field: at(60) } },
    { name: "it is no time", by: { annotation: "tomorrow" } },
  ])("nothing restarts when $name", ({ by }) => {
    expect(plan(observedApp({ ...done(at(-5)), ...asking(by) }), startMs).actions).toEqual([]);
  });

  test.each([
    { name: "every pod is younger than the requested time", pods: [pod("a", v1, { createdAt: at(-4) })] },
    { name: "the only older pod is terminating", pods: [pod("a", v1, { deleting: true })] },
    { name: "there is no pod", pods: [] },
  ])("nothing restarts when $name", ({ pods: some }) => {
    const before = observedApp({ ...rested, ...asking({ field: at(-5) }), pods: some });
    expect(plan(before, startMs).actions).toEqual([]);
  });
});
