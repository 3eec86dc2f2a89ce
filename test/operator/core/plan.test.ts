import { describe, expect, test } from "@jest/globals";
import { adoptBy, childAnnotations } from "../../../operator/api/names.ts";
import { templateMetadataOf } from "../../../operator/core/deployment.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import {
  type ObservedFields,
  app,
  applied,
  at,
  foreignService,
  observed,
  pod,
  revision,
  running,
  spec,
  startMs,
  unready,
  unreadySince,
} from "./objects.ts";
import {
  planOf,
  accepted2,
  appOf,
  commanded,
  deploymentOf,
  observedApp,
  rejected2,
  v1,
  v2,
} from "./situations.ts";

const service = renderService(observedApp(), "stable");
const written = (before: ObservedFields): readonly string[] =>
  planOf(before).actions.map(({ do: verb, object }) => `${verb} ${object.kind}/${object.metadata.name}`);

const steady = {
  app: appOf("app:1"),
  revisions: [v1],
  service,
  deployment: deploymentOf(v1),
};

describe("the objects that a plan writes", () => {
  test("a first installation: the ControllerRevision, the Deployment and the Service are written in this order", () => {
    const { hash } = v1;
    expect(written({ app: appOf("app:1") })).toEqual([
      `create ControllerRevision/web-${hash}`,
      "apply Deployment/web",
      "apply Service/web",
    ]);
  });

  test("a revision is rejected: the outcome is written before the Deployment, so that a crash in between loses nothing", () => {
    const pods = [unready("b", v2, running("app", at(-700)))];
    const before = {
      app: appOf("app:2"),
      revisions: [v1, v2],
      service,
      deployment: deploymentOf(v2, { availableReplicas: 1 }),
      pods,
    };
    expect(planOf(before, startMs + 500_000).actions.map(({ why }) => why)).toEqual(["rejected", "update"]);
  });

  test("all objects are as desired: nothing is written", () => {
    expect(written(steady)).toEqual([]);
  });

  test("a suspended app lacks objects: only the status is written", () => {
    const suspended = app({ spec: spec({ image: "app:9", suspend: true }) });
    const result = planOf({ app: suspended, revisions: [v1] }, startMs);
    expect(result).toMatchObject({ actions: [], status: { phase: "Suspended" } });
  });

  test("the name of the Service is taken: no object is written, not even the ControllerRevision", () => {
    const result = planOf({ app: appOf("app:1"), service: foreignService }, startMs);
    expect(result.actions).toEqual([]);
    expect(result.status).toMatchObject({ phase: "Degraded", blockers: [{ reason: "NameTaken" }] });
  });

  test("the spec is invalid: no object is written, and one event reports the problem", () => {
    const invalid = observed({
      app: app({ spec: undefined, problems: [{ path: "spec.image", message: "bad" }] }),
    });
    const first = planOf(invalid, startMs);
    expect(first).toMatchObject({ actions: [], events: [{ type: "Warning", reason: "InvalidSpec" }] });
    const again = planOf({ ...invalid, app: { ...invalid.app, status: first.status } }, startMs + 1000);
    expect(again).toMatchObject({ actions: [], events: [], status: first.status });
  });

  test("the API server refused the Deployment: the refusal is the only blocker, and no object is written", () => {
    const refused = { object: "Deployment/web", status: 422, message: "spec: Invalid value" };
    const result = planOf({ app: appOf("app:2"), revisions: [v1], service, refused }, startMs);
    expect(result).toMatchObject({
      actions: [],
      status: { phase: "Degraded", blockers: [{ object: "Deployment/web", reason: "ApplyRefused" }] },
    });
  });

  test("the Deployment lost its annotations: the newest values are written", () => {
    const { annotations: _, ...metadata } = steady.deployment.metadata;
    const result = planOf(
      observedApp({ ...steady, deployment: { ...steady.deployment, metadata } }),
      startMs,
    ).actions;
    expect(applied(result, "Deployment").metadata.annotations).toMatchObject({
      [childAnnotations.rollout]: "1",
      [childAnnotations.progressAt]: at(0),
    });
  });

  test("a ControllerRevision lost its owner reference: the ControllerRevision is patched", () => {
    const { ownerReferences: _, ...metadata } = v1.live.metadata;
    const orphan = { ...v1, live: { ...v1.live, metadata } };
    expect(written({ ...steady, revisions: [orphan] })).toEqual([`patch ControllerRevision/web-${v1.hash}`]);
  });

  describe("a Service of other pods is to be adopted", () => {
    const otherService = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", annotations: { [adoptBy]: "web" } },
      spec: { selector: { app: "old" } },
    };
    const adopting = {
      app: appOf("app:1"),
      revisions: [revision("app:1", 1)],
      service: otherService,
    };

    test("one of the app's pods is not available: the Service is not written, so that the other pods keep serving", () => {
      const deployment = deploymentOf(v1, { availableReplicas: 1 });
      expect(written({ ...adopting, deployment })).not.toContain("apply Service/web");
    });

    test("all pods of the app are available: the Service is written with their selector", () => {
      expect(written({ ...adopting, deployment: deploymentOf(v1) })).toContain("apply Service/web");
    });
  });

  test("more revisions than the history limit: the oldest is deleted", () => {
    const old = [revision("app:8", -1, "rejected"), revision("app:9", -2, "accepted")];
    const limited = app({ spec: spec({ image: "app:1", revisionHistoryLimit: 1 }) });
    expect(written({ ...steady, app: limited, revisions: [v1, ...old] })).toEqual([
      `delete ControllerRevision/web-${old[1]?.hash}`,
    ]);
  });
});

describe("the revision that the Deployment is applied with", () => {
  const hashIn = (before: ObservedFields): unknown =>
    templateMetadataOf(applied(planOf(before).actions, "Deployment"))?.labels?.["demoapp.dev/hash"];

  test.each<{ name: string; before: ObservedFields; hash: string }>([
    { name: "a new revision: the requested one", before: { ...steady, app: appOf("app:2") }, hash: v2.hash },
    {
      name: "the requested revision is rejected: the stable one",
      before: {
        ...steady,
        app: appOf("app:2"),
        revisions: [v1, rejected2],
        deployment: deploymentOf(v2),
      },
      hash: v1.hash,
    },
    {
      name: "a retry of the rejected rollout is requested: the rejected one",
      before: { ...steady, app: commanded("app:2", { retry: "2" }), revisions: [v1, rejected2] },
      hash: v2.hash,
    },
    {
      name: "an earlier accepted revision is requested while the app is paused: the stable one",
      before: { app: commanded("app:1", { paused: "true" }), revisions: [v1, accepted2], service },
      hash: accepted2.hash,
    },
    {
      name: "Git requests the stable revision again during a rollout: the stable one",
      before: { ...steady, revisions: [v1, v2], deployment: deploymentOf(v2) },
      hash: v1.hash,
    },
  ])("$name", ({ before, hash }) => {
    expect(hashIn(before)).toBe(hash);
  });

  test("the operator would render another template today: the stored template", () => {
    const stored = { ...v1.template, spec: { ...(v1.template["spec"] as object), schedulerName: "older" } };
    const before = { ...steady, revisions: [{ ...v1, template: stored }], deployment: undefined };
    const { spec: deployed } = applied(planOf(before).actions, "Deployment");
    expect(deployed).toMatchObject({ template: { spec: { schedulerName: "older" } } });
  });
});

describe("the time of the next reconcile", () => {
  const requeueIn = (before: ObservedFields, nowMs = startMs): number | undefined => {
    const { requeueAtMs } = planOf(before, nowMs);
    return requeueAtMs === undefined ? undefined : (requeueAtMs - nowMs) / 1000;
  };
  const half = deploymentOf(v2, { availableReplicas: 1 });

  test("all objects are as desired: none", () => {
    expect(requeueIn(steady)).toBeUndefined();
  });

  test("a restart is requested for a future time: this time", () => {
    const later = app({ spec: spec({ image: "app:1", restartAt: at(3600) }) });
    expect(requeueIn({ ...steady, app: later })).toBe(3600);
  });

  test.each([
    { name: "1 s", seconds: -1, expected: 5 },
    { name: "60 s", seconds: -60, expected: 30 },
    { name: "300 s", seconds: -300, expected: 60 },
  ])("an app is not ready for $name: in $expected s", ({ seconds, expected }) => {
    const app2 = appOf("app:2", { status: unreadySince(seconds) });
    expect(requeueIn({ app: app2, revisions: [v1, v2], service, deployment: half })).toBe(expected);
  });

  test("the deadline of a rollout or of a pod is near: the deadline", () => {
    const late = {
      app: appOf("app:2", { status: unreadySince(-600) }),
      revisions: [v1, v2],
      service,
      deployment: half,
    };
    expect(requeueIn(late, startMs + 490_000)).toBe(10);
    expect(requeueIn({ ...late, pods: [unready("b", v2, running("app", at(-80)))] }, startMs + 512_000)).toBe(
      8,
    );
  });

  test("the name of the Service is taken: in 5 s, because the operator has no watch for the deletion of other objects", () => {
    expect(requeueIn({ ...steady, service: foreignService })).toBe(5);
  });
});

test("minReadySeconds: only pods of the requested revision that were ready for this time count as available", () => {
  const before = observedApp({
    app: app({ spec: spec({ image: "app:2", minReadySeconds: 15 }) }),
    revisions: [v1, v2],
    service,
    deployment: deploymentOf(v2, { availableReplicas: 0 }),
    pods: [
      pod("a", v1),
      pod("b", v2, { readinessSince: at(-14) }),
      pod("c", v2, { readinessSince: at(-15) }),
    ],
  });
  expect(planOf(before, startMs).status.message).toContain("1 of 2");
});
