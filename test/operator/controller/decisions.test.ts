import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../../operator/runtime/client.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { app, at, crashing, pod, spec, unready } from "../core/objects.ts";
import { deploymentOf, observedApp, v1, v2 } from "../core/situations.ts";
import { Scene, conflict, reads, statusWrite, unavailable, unrepairedScene } from "./scene.ts";

/** An installed app in the middle of a rollout of app:2, whose pod is crash-looping. */
function crashingScene(fields: object = {}): Scene {
  const scene = new Scene(app({ spec: spec({ image: "app:2", ...fields }) }));
  const { deployments, services, revisions, pods } = scene.caches;
  const owned = { uid: "1", resourceVersion: "5" };
  const live = deploymentOf(v2, { availableReplicas: 1 });
  deployments.store.set("team", "web", live);
  const service = renderService(observedApp(), "stable");
  services.store.set("team", "web", { ...service, metadata: { ...service.metadata, ...owned } });
  for (const { live: revisionObject } of [v1, v2]) {
    const metadata = { ...revisionObject.metadata, ...owned };
    revisions.store.set("team", metadata.name, { ...revisionObject, metadata });
  }
  pods.store.set("team", "a", pod("a", v1));
  pods.store.set("team", "b", unready("b", v2, crashing("no luck", -5)));
  return scene;
}
const confirmation = ["get DemoApp/web", `get ControllerRevision/web-${v1.hash}`];
const rollback = ["event RevisionRejected", "patch ControllerRevision", "apply Deployment"];

describe("a bad version is rejected", () => {
  test("no write fails: the event, then the outcome, then the Deployment", async () => {
    const { steps } = await crashingScene().reconcile();
    expect(steps).toEqual([...confirmation, ...rollback, statusWrite, "event CrashLoop"]);
  });

  test("a webhook refuses a change of the Service: the Deployment is set back all the same", async () => {
    const scene = crashingScene({ service: { port: 81 } });
    const denied = new ApiError(403, { message: 'admission webhook "x" denied the request: port 81' });
    scene.fault = (step) => (step === "apply Service" ? denied : undefined);
    const { steps } = await scene.reconcile();
    expect(steps.slice(0, 7)).toEqual([...confirmation, ...rollback, "apply Service", statusWrite]);
    expect(scene.app?.status?.blockers?.map(({ reason }) => reason)).toContain("AdmissionRefused");
  });

  test("the Service is terminating: the Deployment is set back, and the phase tells of the rollback", async () => {
    const scene = crashingScene();
    const live = scene.caches.services.store.get("team", "web");
    if (live === undefined) throw new Error("the app has no Service");
    const metadata = { ...live.metadata, deletionTimestamp: at(-5) };
    scene.caches.services.store.set("team", "web", { ...live, metadata });
    const { steps } = await scene.reconcile();
    expect(steps.slice(0, 6)).toEqual([...confirmation, ...rollback, statusWrite]);
    expect(scene.app?.status?.phase).toBe("RollingBack");
  });

  test("the write of the Deployment fails once: the event of the rejection is not lost", async () => {
    const scene = crashingScene();
    scene.fault = (step) => (step === "apply Deployment" ? unavailable : undefined);
    const { error, steps } = await scene.reconcile();
    expect(error).toBe(unavailable);
    expect(steps).toEqual([...confirmation, ...rollback, statusWrite, "event CrashLoop"]);
    scene.fault = () => undefined;
    expect((await scene.reconcile()).steps).toContain("apply Deployment");
  });

  test("the API server refuses to store the outcome: scaling goes on, with the revision that runs", async () => {
    const scene = crashingScene({ replicas: 3 });
    const denied = new ApiError(403, { message: "exceeded quota: count/controllerrevisions.apps" });
    scene.fault = (step) => (step === "patch ControllerRevision" ? denied : undefined);
    const { steps } = await scene.reconcile();
    expect(steps).toContain("apply Deployment");
    expect(scene.app?.status?.rejected).toEqual([]);
    expect(scene.app?.status?.blockers?.map(({ reason }) => reason)).toContain("QuotaExceeded");
  });

  test("the write of the outcome fails: the status does not tell of a rejection that is not stored", async () => {
    const scene = crashingScene();
    scene.fault = (step) => (step === "patch ControllerRevision" ? unavailable : undefined);
    const { steps } = await scene.reconcile();
    expect(steps.slice(0, 5)).toEqual([...confirmation, ...rollback.slice(0, 2), statusWrite]);
    expect(scene.app?.status?.candidate).toMatchObject({ image: "app:2" });
    expect(scene.app?.status?.rejected).toEqual([]);
  });
});

describe("the caches are outdated", () => {
  /** An early answer that differs from the cache may be older than the cache. */
  const askedAgain = [...reads, "get DemoApp/web"];

  const edited = (fields: object) => (kind: string) =>
    kind === "DemoApp"
      ? {
          kind,
          metadata: { namespace: "team", name: "web", uid: "uid-web", generation: 2, ...fields },
          spec: {},
        }
      : undefined;

  test.each([
    { name: "the spec was edited", fields: {} },
    {
      name: "a command was annotated, which changes no generation",
      fields: { generation: 1, annotations: { "demoapp.dev/abort": "1" } },
    },
  ])("$name: no write, and a new plan at once", async ({ fields }) => {
    const scene = new Scene();
    scene.live = edited(fields);
    expect(await scene.reconcile()).toEqual({ requeueAfterMs: 0, steps: askedAgain });
  });

  test("the DemoApp is gone: no write, and a new plan once the watch has reported it", async () => {
    const scene = new Scene();
    scene.live = () => undefined;
    expect(await scene.reconcile()).toEqual({ requeueAfterMs: 500, steps: askedAgain });
  });

  const exists = new ApiError(409, { reason: "AlreadyExists" });
  const newRevision = `get ControllerRevision/web-${v2.hash}`;

  /** A new app whose revision exists, with these labels. */
  function existingScene(labels: Readonly<Record<string, string>> | undefined): Scene {
    const scene = new Scene(app({ spec: spec({ image: "app:2" }) }));
    const live = scene.live;
    const revision = { ...v2.live, metadata: { ...v2.live.metadata, labels } };
    scene.live = (kind, name) => (kind === "ControllerRevision" ? revision : live(kind, name));
    scene.fault = (step) => (step === "create ControllerRevision" ? exists : undefined);
    return scene;
  }

  test("the revision of a rollout that would start exists already: a new plan at once, without a failure", async () => {
    const scene = existingScene(v2.live.metadata.labels);
    const { error, requeueAfterMs, steps } = await scene.reconcile();
    expect([error, requeueAfterMs]).toEqual([undefined, 0]);
    expect(steps).toEqual([...reads, "create ControllerRevision", newRevision, newRevision]);
    expect(scene.caches.revisions.store.get("team", `web-${v2.hash}`)).toEqual(v2.live);
  });

  test("the existing revision counts as older than the cache: a new plan only after a while", async () => {
    const scene = existingScene(v2.live.metadata.labels);
    scene.updatesCache = false;
    expect((await scene.reconcile()).requeueAfterMs).toBe(500);
  });

  test("the existing revision has lost its labels, so that no cache has it: they are restored, and a new plan follows", async () => {
    const scene = existingScene({});
    const { steps, requeueAfterMs } = await scene.reconcile();
    const restored = ["create ControllerRevision", newRevision, "patch ControllerRevision", newRevision];
    expect(steps).toEqual([...reads, ...restored]);
    expect(requeueAfterMs).toBe(0);
  });

  test("the watch delivers a newer DemoApp than the early answer: the API server is asked again", async () => {
    const scene = new Scene();
    const newer = app({ spec: spec({ image: "app:2" }), generation: 2 });
    const live = scene.live;
    const early = live("DemoApp", "web");
    let asked = 0;
    scene.live = (kind, name) => (kind === "DemoApp" && (asked += 1) === 1 ? early : live(kind, name));
    scene.fault = (step) => void (step === "get DemoApp/web" && (scene.app = newer));
    const { steps } = await scene.reconcile();
    expect(steps.slice(0, 5)).toEqual([...reads, "get DemoApp/web", "create ControllerRevision"]);
  });

  test("a forged object has the name of the revision: it is known, so there is no endless new plan", async () => {
    const scene = new Scene(app({ spec: spec({ image: "app:2" }) }));
    const live = scene.live;
    const { ownerReferences: _, ...metadata } = v2.live.metadata;
    const forged = { ...v2.live, metadata };
    scene.live = (kind, name) => (kind === "ControllerRevision" ? forged : live(kind, name));
    scene.caches.revisions.store.set("team", metadata.name, forged);
    const { requeueAfterMs } = await scene.reconcile();
    expect(requeueAfterMs).toBeGreaterThan(0);
    expect(scene.app?.status?.blockers?.map(({ reason }) => reason)).toEqual(["RevisionIgnored"]);
  });

  test("the stored outcome of the revision that would be deployed is newer: no write, and a new plan at once", async () => {
    const scene = crashingScene();
    const live = scene.live;
    const newer = { ...v1.live, metadata: { ...v1.live.metadata, resourceVersion: "6" } };
    scene.live = (kind, name) => (kind === "ControllerRevision" ? newer : live(kind, name));
    expect(await scene.reconcile()).toEqual({ requeueAfterMs: 0, steps: confirmation });
  });

  test("a cache says that the app shrinks, but it does not: no pod is removed", async () => {
    const scene = new Scene(app({ spec: spec({ image: "app:1", replicas: 1 }) }));
    const { deployments, services, revisions } = scene.caches;
    deployments.store.set("team", "web", deploymentOf(v1));
    services.store.set("team", "web", renderService(observedApp(), "stable"));
    revisions.store.set("team", v1.live.metadata.name, v1.live);
    const { live } = scene;
    scene.live = (kind, name) => {
      const object = live(kind, name);
      return (
        object && { ...object, metadata: { namespace: "team", name: "web", uid: "uid-web", generation: 2 } }
      );
    };
    expect((await scene.reconcile()).steps).toEqual(confirmation);
  });

  test("the cache refuses the newer object: a new plan only after a while", async () => {
    const scene = new Scene();
    scene.live = edited({});
    scene.updatesCache = false;
    expect((await scene.reconcile()).requeueAfterMs).toBe(500);
  });

  test("a conflict after a write: the event of the write is not lost", async () => {
    const scene = await unrepairedScene();
    scene.fault = (step) => (step === "apply Service" ? conflict : undefined);
    expect((await scene.reconcile()).steps).toEqual([
      "get Service/web",
      ...confirmation,
      "apply Deployment",
      "apply Service",
      "event DriftRepaired",
      "get Service/web",
    ]);
  });

  test("a write conflicts: the object is read, and a new plan follows at once, without a failure", async () => {
    const scene = crashingScene();
    scene.fault = (step) => (step === "apply Deployment" ? conflict : undefined);
    scene.live = (kind) => (kind === "Deployment" ? deploymentOf(v1) : crashingScene().live(kind, "web"));
    const { error, requeueAfterMs, steps } = await scene.reconcile();
    expect([error, requeueAfterMs]).toEqual([undefined, 0]);
    expect(steps).toEqual([...confirmation, ...rollback, "get Deployment/web"]);
    expect(scene.caches.deployments.store.get("team", "web")).toEqual(deploymentOf(v1));
  });
});
