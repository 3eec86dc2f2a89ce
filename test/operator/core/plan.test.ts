import { describe, expect, test } from "@jest/globals";
import { childAnnotations } from "../../../operator/api/names.ts";
import type { Observed } from "../../../operator/core/observed.ts";
import { plan } from "../../../operator/core/plan.ts";
import { templateMetadataOf } from "../../../operator/core/deployment.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import {
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
import { accepted2, appOf, commanded, deploymentOf, observedApp, rejected2, v1, v2 } from "./situations.ts";

const service = renderService(observedApp());
const written = (before: Partial<Observed>): readonly string[] =>
  plan(observedApp(before), startMs).actions.map(
    ({ do: verb, object }) => `${verb} ${object.kind}/${object.metadata.name}`,
  );

const rested = {
  app: appOf("app:1"),
  revisions: [v1],
  service,
  deployment: deploymentOf(v1),
};

describe("what is written", () => {
  test("a first install: the memory first, then what it is about", () => {
    const { hash } = v1;
    expect(written({ app: appOf("app:1") })).toEqual([
      `apply ControllerRevision/web-${hash}`,
      "apply Service/web",
      "apply Deployment/web",
    ]);
  });

  test("a rejection: first that it is one, then the way back, so that a kill between them loses nothing", () => {
    const pods = [unready("b", v2, running("app", at(-700)))];
    const before = {
      app: appOf("app:2"),
      revisions: [v1, v2],
      service,
      deployment: deploymentOf(v2, { availableReplicas: 1 }),
      pods,
    };
    expect(plan(observedApp(before), startMs + 500_000).actions.map(({ why }) => why)).toEqual([
      "rejected",
      "update",
    ]);
  });

  test("nothing, when all is as it should be", () => {
    expect(written(rested)).toEqual([]);
  });

  test("nothing but status while suspended, however much is missing", () => {
    const suspended = app({ spec: spec({ image: "app:9", suspend: true }) });
    const of = plan(observedApp({ app: suspended, revisions: [v1] }), startMs);
    expect(of).toMatchObject({ actions: [], requeueAtMs: undefined, status: { phase: "Suspended" } });
  });

  test("nothing half-done where a name is taken: not even the revision", () => {
    const of = plan(observedApp({ app: appOf("app:1"), service: foreignService }), startMs);
    expect(of.actions).toEqual([]);
    expect(of.status).toMatchObject({ phase: "Degraded", blockers: [{ reason: "NameTaken" }] });
  });

  test("nothing of a spec that isn't valid, which is said once", () => {
    const invalid = observed({
      app: app({ spec: undefined, problems: [{ path: "spec.image", message: "bad" }] }),
    });
    const first = plan(invalid, startMs);
    expect(first).toMatchObject({ actions: [], events: [{ type: "Warning", reason: "InvalidSpec" }] });
    const again = plan({ ...invalid, app: { ...invalid.app, status: first.status } }, startMs + 1000);
    expect(again).toMatchObject({ actions: [], events: [], status: first.status });
  });

  test("what the API server refused is in the way, and nothing else is decided meanwhile", () => {
    const refused = { object: "Deployment/web", status: 422, message: "spec: Invalid value" };
    const of = plan(observedApp({ app: appOf("app:2"), revisions: [v1], service, refused }), startMs);
    expect(of).toMatchObject({
      actions: [],
      status: { phase: "Degraded", blockers: [{ object: "Deployment/web", reason: "ApplyRefused" }] },
    });
  });

  test("the newest annotations of a Deployment that lost them", () => {
    const { annotations: _, ...metadata } = rested.deployment.metadata;
    const of = plan(
      observedApp({ ...rested, deployment: { ...rested.deployment, metadata } }),
      startMs,
    ).actions;
    expect(applied(of, "Deployment").metadata.annotations).toMatchObject({
      [childAnnotations.rollout]: "1",
      [childAnnotations.progressAt]: at(0),
    });
  });

  test("the owner of a revision that was orphaned", () => {
    const { ownerReferences: _, ...metadata } = v1.live.metadata;
    const orphan = { ...v1, live: { ...v1.live, metadata } };
    expect(written({ ...rested, revisions: [orphan] })).toEqual([`apply ControllerRevision/web-${v1.hash}`]);
  });

  describe("of somebody else's Service that is to be adopted", () => {
    const legacy = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "old" } },
    };
    const adopting = {
      app: commanded("app:1", { adopt: "service" }),
      revisions: [revision("app:1", 1)],
      service: legacy,
    };

    test("nothing while our pods can't answer yet: those it selects go on", () => {
      const deployment = deploymentOf(v1, { availableReplicas: 1 });
      expect(written({ ...adopting, deployment })).not.toContain("apply Service/web");
    });

    test("its selector, once all of ours are available", () => {
      expect(written({ ...adopting, deployment: deploymentOf(v1) })).toContain("apply Service/web");
    });
  });

  test("no revision beyond the history limit is kept", () => {
    const old = [revision("app:8", -1, "rejected"), revision("app:9", -2, "accepted")];
    const limited = app({ spec: spec({ image: "app:1", revisionHistoryLimit: 1 }) });
    expect(written({ ...rested, app: limited, revisions: [v1, ...old] })).toEqual([
      `delete ControllerRevision/web-${old[1]?.hash}`,
    ]);
  });
});

describe("the Deployment carries", () => {
  const hashIn = (before: Partial<Observed>): unknown =>
    templateMetadataOf(applied(plan(observedApp(before), startMs).actions, "Deployment"))?.labels?.[
      "demoapp.dev/hash"
    ];

  test.each<{ name: string; before: Partial<Observed>; hash: string }>([
    { name: "what is asked for", before: { ...rested, app: appOf("app:2") }, hash: v2.hash },
    {
      name: "the good one while a rejected one is asked for",
      before: {
        ...rested,
        app: appOf("app:2"),
        revisions: [v1, rejected2],
        deployment: deploymentOf(v2),
      },
      hash: v1.hash,
    },
    {
      name: "the rejected one again only for a retry of its number",
      before: { ...rested, app: commanded("app:2", { retry: "2" }), revisions: [v1, rejected2] },
      hash: v2.hash,
    },
    {
      name: "what serves while paused, though an earlier version that was accepted is asked for again",
      before: { app: commanded("app:1", { paused: "true" }), revisions: [v1, accepted2], service },
      hash: accepted2.hash,
    },
    {
      name: "the good one again when Git goes back during a rollout",
      before: { ...rested, revisions: [v1, v2], deployment: deploymentOf(v2) },
      hash: v1.hash,
    },
  ])("$name", ({ before, hash }) => {
    expect(hashIn(before)).toBe(hash);
  });

  test("the template as it was stored, though the operator would render another today", () => {
    const stored = { ...v1.template, spec: { ...(v1.template["spec"] as object), schedulerName: "older" } };
    const before = { ...rested, revisions: [{ ...v1, template: stored }], deployment: undefined };
    const { spec: deployed } = applied(plan(observedApp(before), startMs).actions, "Deployment");
    expect(deployed).toMatchObject({ template: { spec: { schedulerName: "older" } } });
  });
});

describe("when to look again", () => {
  const wake = (before: Partial<Observed>, nowMs = startMs): number | undefined => {
    const { requeueAtMs } = plan(observedApp(before), nowMs);
    return requeueAtMs === undefined ? undefined : (requeueAtMs - nowMs) / 1000;
  };
  const half = deploymentOf(v2, { availableReplicas: 1 });

  test("never, when all is as it should be", () => {
    expect(wake(rested)).toBeUndefined();
  });

  test("at a restart that is to come", () => {
    const later = app({ spec: spec({ image: "app:1", restartAt: at(3600) }) });
    expect(wake({ ...rested, app: later })).toBe(3600);
  });

  test.each([
    { name: "soon at first", seconds: -1, wakes: 5 },
    { name: "less often later", seconds: -60, wakes: 30 },
    { name: "every minute in the end", seconds: -300, wakes: 60 },
  ])("while something is missing: $name", ({ seconds, wakes }) => {
    const app2 = appOf("app:2", { status: unreadySince(seconds) });
    expect(wake({ app: app2, revisions: [v1, v2], service, deployment: half })).toBe(wakes);
  });

  test("right at the deadline, of the rollout and of each pod", () => {
    const late = {
      app: appOf("app:2", { status: unreadySince(-600) }),
      revisions: [v1, v2],
      service,
      deployment: half,
    };
    expect(wake(late, startMs + 490_000)).toBe(10);
    expect(wake({ ...late, pods: [unready("b", v2, running("app", at(-80)))] }, startMs + 512_000)).toBe(8);
  });

  test("while a name is taken: no watch tells when somebody else's object goes", () => {
    expect(wake({ ...rested, service: foreignService })).toBe(5);
  });
});

test("available pods are those of the target that were ready for minReadySeconds", () => {
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
  expect(plan(before, startMs).status.message).toContain("1 of 2");
});
