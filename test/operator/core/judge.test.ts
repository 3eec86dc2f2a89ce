import { describe, expect, test } from "@jest/globals";
import { annotations } from "../../../operator/api/names.ts";
import { decide } from "../../../operator/core/decide.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { app, at, crashing, pod, rolledOut, running, spec, startMs, unready } from "./objects.ts";
import {
  type OutcomeCase,
  accepted2,
  commanded,
  deploymentOf,
  observedApp,
  outcomes,
  rejected2,
  appOf,
  v1,
  v2,
} from "./situations.ts";

describe("a rollout is accepted", () => {
  const before = { app: appOf("app:2"), revisions: [v1, v2] };

  test("when all its pods, and only its pods, are available", () => {
    expect(outcomes(observedApp({ ...before, deployment: deploymentOf(v2) }))["app:2"]).toBe("2 accepted");
  });

  test("at once when there is nothing to run", () => {
    const none = { replicas: 0, readyReplicas: 0, updatedReplicas: 0, availableReplicas: 0 };
    const empty = app({ spec: spec({ image: "app:2", replicas: 0 }) });
    const deployment = rolledOut(
      renderDeployment(observedApp({ app: empty }), {
        template: v2.template,
        annotations: {},
        restartedAt: undefined,
      }),
      none,
    );
    expect(outcomes(observedApp({ app: empty, revisions: [v1, v2], deployment }))["app:2"]).toBe(
      "2 accepted",
    );
  });

  test.each<{ name: string; deployment: Manifest | undefined }>([
    { name: "there is no Deployment", deployment: undefined },
    { name: "the Deployment carries another revision", deployment: deploymentOf(v1) },
    { name: "old pods are still there", deployment: deploymentOf(v2, { replicas: 3 }) },
    {
      name: "pods are missing",
      deployment: deploymentOf(v2, { replicas: 1, updatedReplicas: 1, availableReplicas: 1 }),
    },
    { name: "pods are not available", deployment: deploymentOf(v2, { availableReplicas: 1 }) },
    { name: "the counts are of an older template", deployment: deploymentOf(v2, { updatedReplicas: 1 }) },
    {
      name: "the controller has not seen the Deployment as it is",
      deployment: deploymentOf(v2, { observedGeneration: 0 }),
    },
    { name: "there is no status yet", deployment: { ...deploymentOf(v2), status: undefined } },
  ])("not while $name", ({ deployment }) => {
    expect(outcomes(observedApp({ ...before, deployment }))["app:2"]).toBe("2 running");
  });

  test("not before a scaling that was asked for meanwhile is done", () => {
    const scaled = app({ spec: spec({ image: "app:2", replicas: 3 }) });
    expect(outcomes(observedApp({ ...before, app: scaled, deployment: deploymentOf(v2) }))["app:2"]).toBe(
      "2 running",
    );
  });

  test("not before a restart that was asked for meanwhile is done", () => {
    const restarted = appOf("app:2", { annotations: { [annotations.restartAt]: at(-1) } });
    const pods = [pod("a", v2)];
    const after = outcomes(observedApp({ ...before, app: restarted, deployment: deploymentOf(v2), pods }));
    expect(after["app:2"]).toBe("2 running");
  });
});

describe("a rollout is rejected", () => {
  const crashed: Pod = unready("b", v2, crashing("no luck", -5));
  const stuck: Pod = unready("b", v2, running("app", at(-700)));
  const half = deploymentOf(v2, { availableReplicas: 1, replicas: 3, updatedReplicas: 1 });

  test.each<OutcomeCase>([
    {
      name: "for a crash, rather than accepted because enough pods were available",
      before: {
        app: appOf("app:2"),
        revisions: [v1, v2],
        deployment: deploymentOf(v2),
        pods: [crashed],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "by an abort of its number",
      before: { app: commanded("app:2", { abort: "2" }), revisions: [v1, v2], deployment: half },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected Aborted" },
    },
    {
      name: "by an abort where nothing goes back by itself",
      before: {
        app: {
          ...commanded("app:2", { abort: "2" }),
          spec: spec({ image: "app:2", rollback: { automatic: false } }),
        },
        revisions: [v1, v2],
        deployment: half,
      },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected Aborted" },
    },
    {
      name: "not by an abort that names an older rollout",
      before: { app: commanded("app:2", { abort: "1" }), revisions: [v1, v2], deployment: half },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
    {
      name: "not after it was accepted, by an abort or by a crash",
      before: {
        app: commanded("app:2", { abort: "2" }),
        revisions: [v1, accepted2],
        deployment: half,
        pods: [crashed],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 accepted" },
    },
    {
      name: "not where nothing goes back by itself",
      before: {
        app: app({ spec: spec({ image: "app:2", rollback: { automatic: false } }) }),
        revisions: [v1, v2],
        deployment: half,
        pods: [crashed],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
    {
      name: "not when it is the first: there is nothing to go back to",
      before: { app: appOf("app:2"), revisions: [v2], deployment: half, pods: [crashed] },
      expect: { "app:2": "2 running" },
    },
    {
      name: "not by an abort when it is the first",
      before: { app: commanded("app:2", { abort: "2" }), revisions: [v2], deployment: half },
      expect: { "app:2": "2 running" },
    },
    {
      name: "not by the deadline while the number of available pods has just risen",
      before: {
        app: appOf("app:2"),
        revisions: [v1, v2],
        deployment: half,
        pods: [stuck, pod("c", v2), pod("d", v2)],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
  ])("$name", ({ before, expect: expected }) => {
    expect(outcomes(observedApp(before))).toEqual(expected);
  });

  test("by the deadline since the most pods were available, which flapping doesn't put off", () => {
    // Noted: 1 pod was available at second -100. Fewer now, and 1 again, are no progress.
    for (const pods of [[stuck], [stuck, pod("c", v2)]]) {
      const before = observedApp({ app: appOf("app:2"), revisions: [v1, v2], deployment: half, pods });
      expect(outcomes(before, startMs + 499_000)["app:2"]).toBe("2 running");
      expect(outcomes(before, startMs + 500_000)["app:2"]).toBe("2 rejected NotReadyByDeadline");
    }
  });

  test("a retry while the Deployment still carries the rejected template is judged by what happens from then on", () => {
    const before = { app: commanded("app:2", { retry: "2" }), revisions: [v1, rejected2], pods: [crashed] };
    const retried = decide(observedApp({ ...before, deployment: half }), startMs);
    expect(outcomes(retried)["app:2"]).toBe("3 running");
    const again = { ...retried, pods: [unready("b", v2, crashing("no luck", 5))] };
    expect(outcomes(again, startMs + 6_000)["app:2"]).toBe("3 rejected CrashLoop");
  });
});

test("deciding twice decides nothing more", () => {
  const before = observedApp({ app: appOf("app:2"), revisions: [v1, v2], deployment: deploymentOf(v2) });
  const once = decide(before, startMs);
  const twice = decide(once, startMs + 60_000);
  expect(twice.revisions).toEqual(once.revisions);
  expect(twice.revisions.every((next) => once.revisions.includes(next))).toBe(true);
});
