import { describe, expect, test } from "@jest/globals";
import type { Manifest } from "../../../operator/core/manifest.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import { app, rolledOut, spec } from "../core/objects.ts";
import { Scene } from "./scene.ts";

/** The app after a completed rollout. */
async function healthyScene(): Promise<Scene> {
  const scene = new Scene();
  await scene.reconcile();
  scene.changeDeployment((live) => rolledOut(live));
  await scene.reconcile();
  expect(scene.app?.status?.phase).toBe("Healthy");
  return scene;
}

const unavailable = new ApiError(503, {});
const conflict = new ApiError(409, { reason: "Conflict" });
const invalid = new ApiError(422, { message: "spec.x: Invalid value" });
const forbidden = new ApiError(403, { message: 'User "x" cannot get resource "services"' });
const lookups = ["get web", "get web"];
const writes = ["apply ControllerRevision", "apply Service", "apply Deployment"];
const statusWrite = "apply DemoApp/status";

describe("the order of a reconcile", () => {
  test("a new app: observes, writes, publishes the events of the writes, then writes the status", async () => {
    const scene = new Scene();
    const { steps } = await scene.reconcile();
    expect(steps).toEqual([...lookups, ...writes, "event RolloutStarted", statusWrite]);
    expect(scene.logged.filter(({ msg }) => msg === "wrote")).toMatchObject([
      { level: "debug", verb: "apply", kind: "ControllerRevision", why: "start of the rollout" },
      { level: "debug", verb: "apply", kind: "Service", name: "web", why: "create" },
      { level: "debug", verb: "apply", kind: "Deployment", name: "web", why: "create" },
    ]);
    expect(await scene.phases()).toEqual(["Installing"]);
  });

  test("a new phase: its event is published after the status is written", async () => {
    const scene = await healthyScene();
    scene.changeDeployment((live) => rolledOut(live, { availableReplicas: 0, readyReplicas: 0 }));
    expect((await scene.reconcile()).steps).toEqual([statusWrite, "event Recovering"]);
  });

  test("the app changes during the observation: the plan follows the newer app", async () => {
    const scene = new Scene();
    scene.fault = () => void (scene.app = app({ spec: spec({ suspend: true }) }));
    expect((await scene.reconcile()).steps).toEqual([...lookups, statusWrite]);
  });

  test("nothing changes: neither a write nor an event", async () => {
    const scene = await healthyScene();
    expect(await scene.reconcile()).toEqual({ requeueAfterMs: undefined, steps: [] });
  });

  test("an invalid spec: writes only the status, and publishes one event once", async () => {
    const scene = new Scene(
      app({ spec: undefined, problems: [{ path: "spec.image", message: "Required" }] }),
    );
    expect((await scene.reconcile()).steps).toEqual([...lookups, statusWrite, "event InvalidSpec"]);
    expect((await scene.reconcile()).steps).toEqual(lookups);
  });
});

describe("the API server refuses", () => {
  test.each([
    { refused: "apply ControllerRevision", before: [], events: [] },
    { refused: "apply Service", before: writes.slice(0, 1), events: ["event RolloutStarted"] },
    { refused: "apply Deployment", before: writes.slice(0, 2), events: ["event RolloutStarted"] },
  ])("$refused: skips later writes, publishes only events of earlier ones, reports", async (row) => {
    const scene = new Scene();
    scene.fault = (step) => (step === row.refused ? invalid : undefined);
    const { steps } = await scene.reconcile();
    const attempts = [...row.before, row.refused];
    expect(steps).toEqual([...lookups, ...attempts, ...row.events, statusWrite, "event ApplyRefused"]);
    expect(scene.app?.status?.blockers).toMatchObject([{ reason: "ApplyRefused" }]);
    expect(await scene.phases()).toEqual(["Degraded"]);
  });

  test("the same write again: retries, but does not publish the event again", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step === "apply Deployment" ? invalid : undefined);
    expect((await scene.reconcile()).requeueAfterMs).toBe(5_000);
    expect((await scene.reconcile()).steps).toEqual(["get web", "apply Deployment", statusWrite]);
    expect((await scene.reconcile()).steps).toEqual(["get web", "apply Deployment"]);
  });

  test("the read of a child: writes only the status", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step === "get web" ? forbidden : undefined);
    expect((await scene.reconcile()).steps).toEqual([...lookups, statusWrite, "event PermissionMissing"]);
  });
});

describe("a request fails", () => {
  test.each(["get web", ...writes])("%s: throws, and neither publishes nor reports", async (failing) => {
    const scene = new Scene();
    scene.fault = (step) => (step === failing ? unavailable : undefined);
    const { error, steps } = await scene.reconcile();
    expect(error).toBe(unavailable);
    expect(steps).toEqual([...lookups, ...writes].slice(0, steps.length));
    expect(steps.at(-1)).toBe(failing);
    expect(await scene.phases()).toEqual([]);
  });

  test("the second write: the next reconcile continues, without the event of the first write", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step === "apply Service" ? unavailable : undefined);
    await scene.reconcile();
    scene.fault = () => undefined;
    const { steps } = await scene.reconcile();
    expect(steps).toEqual([...lookups, "apply Service", "apply Deployment", statusWrite]);
  });

  test("the status write: throws before other events and metrics; the next reconcile reports", async () => {
    const scene = await healthyScene();
    scene.changeDeployment((live) => rolledOut(live, { availableReplicas: 0, readyReplicas: 0 }));
    scene.fault = (step) => (step === statusWrite ? unavailable : undefined);
    expect(await scene.reconcile()).toEqual({ error: unavailable, steps: [statusWrite] });
    expect(await scene.phases()).toEqual(["Healthy"]);
    scene.fault = () => undefined;
    expect((await scene.reconcile()).steps).toEqual([statusWrite, "event Recovering"]);
    expect(await scene.phases()).toEqual(["Progressing"]);
  });

  test("the status write after a refusal: the events of earlier writes are published before", async () => {
    const scene = new Scene();
    scene.fault = (step) =>
      step === "apply Service" ? invalid : step === statusWrite ? unavailable : undefined;
    const { error, steps } = await scene.reconcile();
    expect(error).toBe(unavailable);
    expect(steps.slice(-3)).toEqual(["apply Service", "event RolloutStarted", statusWrite]);
  });
});

describe("the requeue time", () => {
  test("a rollout is in progress: from the plan", async () => {
    expect((await new Scene().reconcile()).requeueAfterMs).toBe(5_000);
  });

  test("the reconcile takes 2 s: counts from its end", async () => {
    const scene = new Scene();
    scene.fault = (step) => void (step === statusWrite && scene.clock.jump(2_000));
    expect((await scene.reconcile()).requeueAfterMs).toBe(3_000);
  });

  test("the reconcile takes longer than the plan's time: 0", async () => {
    const scene = new Scene();
    scene.fault = (step) => void (step === statusWrite && scene.clock.jump(6_000));
    expect((await scene.reconcile()).requeueAfterMs).toBe(0);
  });

  test("only counts changed, so the status write is delayed: the earlier of both times", async () => {
    const scene = new Scene();
    await scene.reconcile();
    scene.clock.jump(400);
    scene.changeDeployment((live) => rolledOut(live, { readyReplicas: 1, availableReplicas: 0 }));
    expect(await scene.reconcile()).toEqual({ requeueAfterMs: 600, steps: [] });
  });

  test("the status write conflicts: 1 s", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step === statusWrite ? conflict : undefined);
    expect((await scene.reconcile()).requeueAfterMs).toBe(1_000);
  });
});

describe("an app is deleted", () => {
  test.each([
    { name: "the app is gone", left: undefined },
    { name: "its deletion has started", left: app({ deleting: true }) },
  ])("$name: no write, no requeue, and its metrics are removed", async ({ left }) => {
    const scene = new Scene();
    await scene.reconcile();
    scene.app = left;
    expect(await scene.reconcile()).toEqual({ steps: [] });
    expect(await scene.phases()).toEqual([]);
  });

  test("an app with its name is created: the deleted app's last write does not delay the status", async () => {
    const scene = new Scene();
    await scene.reconcile();
    const created = scene.app;
    scene.app = undefined;
    await scene.reconcile();
    scene.app = created;
    scene.changeDeployment((live) => rolledOut(live, { readyReplicas: 1, availableReplicas: 0 }));
    expect((await scene.reconcile()).steps).toEqual([statusWrite]);
  });
});

describe("an apply changes nothing, because a webhook reverts it", () => {
  /** A healthy app whose Deployment has drifted and can't be corrected: reconcile, then restore the live Deployment. */
  async function driftedScene() {
    const scene = await healthyScene();
    scene.changeDeployment((live) => {
      const spec = { ...(live["spec"] as object), revisionHistoryLimit: 7 };
      return { ...live, spec, metadata: { ...live.metadata, resourceVersion: "7" } };
    });
    const drifted = scene.caches.deployments.store.get("team", "web") as Manifest;
    scene.version = () => "7";
    const reconcile = async () => {
      const { steps } = await scene.reconcile();
      scene.changeDeployment(() => drifted);
      return steps;
    };
    return { scene, reconcile };
  }

  test("another resourceVersion in the response: the drift event is published", async () => {
    const { scene, reconcile } = await driftedScene();
    scene.version = () => "8";
    expect(await reconcile()).toEqual(["apply Deployment", "event DriftRepaired"]);
  });

  test("the first time: applied without an event; the second time: skipped", async () => {
    const { reconcile } = await driftedScene();
    expect(await reconcile()).toEqual(["apply Deployment"]);
    expect(await reconcile()).toEqual([]);
  });

  test("the app is deleted and created again: applied again", async () => {
    const { scene, reconcile } = await driftedScene();
    await reconcile();
    const created = scene.app;
    scene.app = undefined;
    await reconcile();
    scene.app = created;
    expect(await reconcile()).toEqual(["apply Deployment"]);
  });
});
