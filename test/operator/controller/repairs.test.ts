import { describe, expect, test } from "@jest/globals";
import type { Manifest } from "../../../operator/core/manifest.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import { renderRevision } from "../../../operator/core/revisions.ts";
import { app, revision, rolledOut } from "../core/objects.ts";
import { Scene, healthyScene, statusWrite, unavailable } from "./scene.ts";

test("a webhook restores the quote of an old revision: it is removed only once", async () => {
  const scene = new Scene();
  const { metadata, ...content } = renderRevision(app(), {
    ...revision("app:0", 1, "rejected"),
    quote: "mine",
  });
  const edited = { ...content, metadata: { ...metadata, uid: "old", resourceVersion: "7" } };
  const restore = () => scene.caches.revisions.store.set("team", metadata.name, edited);
  restore();
  await scene.reconcile();
  scene.changeDeployment((live) => rolledOut(live));
  await scene.reconcile();
  scene.version = () => "7";
  restore();
  expect((await scene.reconcile()).steps).toEqual(["patch ControllerRevision"]);
  restore();
  expect((await scene.reconcile()).steps).toEqual([]);
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

  test("another writer reverts each repair: five repairs, then the status says so and repairs wait for a minute", async () => {
    const { scene, reconcile } = await driftedScene();
    scene.version = () => "8";
    const repair = ["apply Deployment", "event DriftRepaired"];
    for (let i = 0; i < 4; i += 1) expect(await reconcile()).toEqual(repair);
    expect(await reconcile()).toEqual([...repair, statusWrite, "event Contested"]);
    expect(scene.app?.status).toMatchObject({
      phase: "Progressing",
      blockers: [{ reason: "Contested", object: "Deployment/web" }],
    });
    expect(await reconcile()).toEqual([]);
    scene.clock.jump(60_000);
    expect(await reconcile()).toEqual(repair);
    expect(await reconcile()).toEqual([]);
  });

  test("a person changes the Deployment in ten ways within a minute: each change is reverted at once", async () => {
    const scene = await healthyScene();
    scene.version = () => "8";
    for (let limit = 3; limit < 13; limit += 1) {
      scene.changeDeployment((live) => {
        const spec = { ...(live["spec"] as object), revisionHistoryLimit: limit };
        return { ...live, spec, metadata: { ...live.metadata, resourceVersion: "7" } };
      });
      expect((await scene.reconcile()).steps).toContain("apply Deployment");
    }
  });

  test("a contested repair was just made: the status still says so, until two minutes pass without another one", async () => {
    const { scene, reconcile } = await driftedScene();
    const drifted = scene.caches.deployments.store.get("team", "web");
    scene.version = () => "8";
    for (let i = 0; i < 5; i += 1) await reconcile();
    const spec = { ...(drifted?.["spec"] as object), revisionHistoryLimit: 2 };
    scene.changeDeployment((live) => ({ ...live, spec }));
    expect((await scene.reconcile()).steps).toEqual([]);
    expect(scene.app?.status?.blockers).toMatchObject([{ reason: "Contested" }]);
    scene.clock.jump(121_000);
    expect((await scene.reconcile()).steps).toEqual([statusWrite, "event Healthy"]);
  });

  test.each([
    ["fails five times", unavailable, "WriteFailed"],
    ["is refused five times", new ApiError(403, { message: "exceeded quota: pods=2" }), "QuotaExceeded"],
  ])(
    "a repair %s: the status says so, and the repair is made as soon as it can be",
    async (_, error, reason) => {
      const { scene, reconcile } = await driftedScene();
      scene.version = () => "8";
      scene.fault = (step) => (step === "apply Deployment" ? error : undefined);
      for (let i = 0; i < 6; i += 1) await reconcile();
      expect(scene.app?.status?.blockers).toMatchObject([{ reason }]);
      scene.fault = () => undefined;
      expect(await reconcile()).toContain("apply Deployment");
    },
  );

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
