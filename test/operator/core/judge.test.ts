import { describe, expect, test } from "@jest/globals";
import { annotations } from "../../../operator/api/names.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { inContainer, inPod, withContainer, withManager } from "./driftobjects.ts";
import { app, at, crashing, pod, rolledOut, running, spec, startMs, unready } from "./objects.ts";
import {
  decided,
  type OutcomeCase,
  accepted2,
  commanded,
  deploymentInput,
  deploymentOf,
  observedApp,
  outcomes,
  rejected2,
  appOf,
  v1,
  v2,
} from "./situations.ts";

describe("acceptance of a rollout", () => {
  const before = { app: appOf("app:2"), revisions: [v1, v2] };

  test("all pods are of the revision and available: the rollout is accepted", () => {
    expect(outcomes(observedApp({ ...before, deployment: deploymentOf(v2) }))["app:2"]).toBe("2 accepted");
  });

  test("the app has 0 replicas: the outcome stays open, because no pod proves anything", () => {
    const none = { replicas: 0, readyReplicas: 0, updatedReplicas: 0, availableReplicas: 0 };
    const empty = app({ spec: spec({ image: "app:2", replicas: 0 }) });
    const deployment = rolledOut(
      renderDeployment(observedApp({ app: empty }), deploymentInput(v2.template, { size: 0 })),
      none,
    );
    expect(outcomes(observedApp({ app: empty, revisions: [v1, v2], deployment }))["app:2"]).toBe("2 running");
  });

  test.each<{ name: string; deployment: Manifest | undefined }>([
    { name: "the Deployment does not exist", deployment: undefined },
    { name: "the Deployment has another revision", deployment: deploymentOf(v1) },
    { name: "old pods still exist", deployment: deploymentOf(v2, { replicas: 3 }) },
    {
      name: "pods are missing",
      deployment: deploymentOf(v2, { replicas: 1, updatedReplicas: 1, availableReplicas: 1 }),
    },
    { name: "pods are not available", deployment: deploymentOf(v2, { availableReplicas: 1 }) },
    {
      name: "the status counts pods of an older template",
      deployment: deploymentOf(v2, { updatedReplicas: 1 }),
    },
    {
      name: "the Deployment controller has not observed the generation",
      deployment: deploymentOf(v2, { observedGeneration: 0 }),
    },
    { name: "the Deployment has no status", deployment: { ...deploymentOf(v2), status: undefined } },
    {
      name: "somebody has changed the image in the Deployment, whose pods keep the revision's label",
      deployment: withManager(
        withContainer(deploymentOf(v2), (container) => ({ ...container, image: "app:3" })),
        inContainer({ "f:image": {} }),
      ),
    },
    {
      name: "somebody has added a field to the Deployment's pods",
      deployment: withManager(
        withContainer(deploymentOf(v2), (container) => ({ ...container, tty: true })),
        inContainer({ "f:tty": {} }),
      ),
    },
  ])("$name: the rollout is not accepted", ({ deployment }) => {
    expect(outcomes(observedApp({ ...before, deployment }))["app:2"]).toBe("2 running");
  });

  test.each([
    { name: "has changed the image and changed it back", fields: inContainer({ "f:image": {} }) },
    {
      name: "has applied a zero value, which the API server dropped",
      fields: inPod({ "f:hostNetwork": {} }),
    },
  ])("somebody $name, and owns the field: the rollout is accepted", ({ fields }) => {
    const deployment = withManager(deploymentOf(v2), fields);
    expect(outcomes(observedApp({ ...before, deployment }))["app:2"]).toBe("2 accepted");
  });

  test("somebody has restarted the Deployment with kubectl, or set its size: the rollout is accepted", () => {
    const annotation = { "f:metadata": { "f:annotations": { "f:kubectl.kubernetes.io/restartedAt": {} } } };
    const fields = { "f:replicas": {}, "f:template": annotation };
    const deployment = withManager(deploymentOf(v2), fields);
    expect(outcomes(observedApp({ ...before, deployment }))["app:2"]).toBe("2 accepted");
  });

  test("replicas are raised during a rollout: it is not accepted before the scaling ends", () => {
    const scaled = app({ spec: spec({ image: "app:2", replicas: 3 }) });
    expect(outcomes(observedApp({ ...before, app: scaled, deployment: deploymentOf(v2) }))["app:2"]).toBe(
      "2 running",
    );
  });

  test("a restart is requested during a rollout: it is not accepted before the restart ends", () => {
    const restarted = appOf("app:2", { annotations: { [annotations.restartAt]: at(-1) } });
    const pods = [pod("a", v2)];
    const after = outcomes(observedApp({ ...before, app: restarted, deployment: deploymentOf(v2), pods }));
    expect(after["app:2"]).toBe("2 running");
  });
});

describe("rejection of a rollout", () => {
  const crashed: Pod = unready("b", v2, crashing("no luck", -5));
  const stuck: Pod = unready("b", v2, running("app", at(-700)));
  const half = deploymentOf(v2, { availableReplicas: 1, replicas: 3, updatedReplicas: 1 });

  test.each<OutcomeCase>([
    {
      name: "a pod crashes while enough pods are available: the rollout is rejected, not accepted",
      before: {
        app: appOf("app:2"),
        revisions: [v1, v2],
        deployment: deploymentOf(v2),
        pods: [crashed],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "an abort names the rollout: it is rejected",
      before: { app: commanded("app:2", { abort: "2" }), revisions: [v1, v2], deployment: half },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected Aborted" },
    },
    {
      name: "an abort names the rollout and automatic rollback is off: it is rejected",
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
      name: "an abort names an older rollout: the rollout continues",
      before: { app: commanded("app:2", { abort: "1" }), revisions: [v1, v2], deployment: half },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
    {
      name: "an accepted rollout has an abort and a crashing pod: it stays accepted",
      before: {
        app: commanded("app:2", { abort: "2" }),
        revisions: [v1, accepted2],
        deployment: half,
        pods: [crashed],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 accepted" },
    },
    {
      name: "a pod crashes and automatic rollback is off: the rollout continues",
      before: {
        app: app({ spec: spec({ image: "app:2", rollback: { automatic: false } }) }),
        revisions: [v1, v2],
        deployment: half,
        pods: [crashed],
      },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
    {
      name: "a pod of the first rollout crashes: the rollout continues, as no stable revision exists",
      before: { app: appOf("app:2"), revisions: [v2], deployment: half, pods: [crashed] },
      expect: { "app:2": "2 running" },
    },
    {
      name: "an abort names the first rollout: the rollout continues",
      before: { app: commanded("app:2", { abort: "2" }), revisions: [v2], deployment: half },
      expect: { "app:2": "2 running" },
    },
    {
      name: "the deadline passed but more pods are available than before: the rollout continues",
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

  test("a flapping pod: the progress deadline is not reset", () => {
    // The stored progress is 1 available pod, at second -100. Only 2 available pods would be progress.
    for (const pods of [[stuck], [stuck, pod("c", v2)]]) {
      const before = observedApp({ app: appOf("app:2"), revisions: [v1, v2], deployment: half, pods });
      expect(outcomes(before, startMs + 499_000)["app:2"]).toBe("2 running");
      expect(outcomes(before, startMs + 500_000)["app:2"]).toBe("2 rejected NotReadyByDeadline");
    }
  });

  test("a retry starts while the Deployment still has the rejected template: only later crashes reject it", () => {
    const before = { app: commanded("app:2", { retry: "2" }), revisions: [v1, rejected2], pods: [crashed] };
    const { revisions } = decided(observedApp({ ...before, deployment: half }));
    const retried = { ...before, deployment: half, revisions };
    expect(outcomes(observedApp(retried))["app:2"]).toBe("3 running");
    const again = { ...retried, pods: [unready("b", v2, crashing("no luck", 5))] };
    expect(outcomes(observedApp(again), startMs + 6_000)["app:2"]).toBe("3 rejected CrashLoop");
  });
});

test("decide runs again on its own result: no revision changes", () => {
  const before = observedApp({ app: appOf("app:2"), revisions: [v1, v2], deployment: deploymentOf(v2) });
  const once = decided(before);
  const twice = decided({ ...before, revisions: once.revisions }, startMs + 60_000);
  expect(twice.revisions).toEqual(once.revisions);
  expect(twice.revisions.every((next) => once.revisions.includes(next))).toBe(true);
});
