import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../../operator/runtime/client.ts";
import { hashOf } from "../../../operator/core/hash.ts";
import { app, rolledOut, spec } from "../core/objects.ts";
import { Scene, healthyScene, lookups, reads, statusWrite, unavailable, unrepairedScene } from "./scene.ts";

const invalid = new ApiError(422, { message: "spec.x: Invalid value" });
const forbidden = new ApiError(403, { message: 'User "x" cannot get resource "services"' });
const writes = ["create ControllerRevision", "apply Deployment", "apply Service"];

describe("the order of a reconcile", () => {
  test("a new app: observes, writes, and a second later writes the status", async () => {
    const scene = new Scene();
    const { steps } = await scene.reconcile();
    expect(steps).toEqual([...reads, ...writes]);
    scene.clock.jump(1_000);
    expect((await scene.reconcile()).steps).toEqual([statusWrite]);
    expect(scene.logged.filter(({ msg }) => msg === "wrote")).toMatchObject([
      { level: "debug", verb: "create", kind: "ControllerRevision", why: "start of the rollout" },
      { level: "debug", verb: "apply", kind: "Deployment", name: "web", why: "create" },
      { level: "debug", verb: "apply", kind: "Service", name: "web", why: "create" },
    ]);
    expect(await scene.phases()).toEqual(["Installing"]);
  });

  const outcome = ["event RolloutAccepted", "patch ControllerRevision", statusWrite];

  /** The writes from now on until the Deployment has been rolled out. */
  async function writesOf(scene: Scene): Promise<readonly string[]> {
    const { steps: before } = await scene.reconcile();
    scene.changeDeployment((live) => rolledOut(live));
    const { steps: after } = await scene.reconcile();
    return [...before, ...after].filter((step) => !step.startsWith("get "));
  }

  test("an install ends within a second: six writes", async () => {
    expect(await writesOf(new Scene())).toEqual([...writes, ...outcome]);
  });

  test("a change ends within a second: five writes", async () => {
    const scene = await healthyScene();
    scene.app = { ...app({ spec: spec({ image: "app:2" }), generation: 2 }), status: scene.app?.status };
    expect(await writesOf(scene)).toEqual([...writes.slice(0, 2), ...outcome]);
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
    { refused: "create ControllerRevision", attempts: writes.slice(0, 1) },
    { refused: "apply Deployment", attempts: writes.slice(0, 2) },
    { refused: "apply Service", attempts: writes },
  ])("$refused of a new app: skips dependent writes, reports", async ({ refused, attempts }) => {
    const scene = new Scene();
    scene.fault = (step) => (step === refused ? invalid : undefined);
    const { steps } = await scene.reconcile();
    expect(steps).toEqual([...reads, ...attempts, statusWrite, "event ApplyRefused"]);
    expect(scene.app?.status?.blockers).toMatchObject([{ reason: "ApplyRefused" }]);
    expect(await scene.phases()).toEqual(["Degraded"]);
  });

  test("the same write again: retries, but does not publish the event again", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step === "apply Deployment" ? invalid : undefined);
    expect((await scene.reconcile()).requeueAfterMs).toBe(5_000);
    const revision = `get ControllerRevision/web-${hashOf(spec())}`;
    const retry = [...reads, revision, "apply Deployment"];
    expect((await scene.reconcile()).steps).toEqual(retry);
  });

  test("the read of a child: writes only the status", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step.startsWith("get Deployment") ? forbidden : undefined);
    expect((await scene.reconcile()).steps).toEqual([...reads, statusWrite, "event PermissionMissing"]);
  });

  test("the read of the DemoApp before a rollout starts: writes only the status", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step.startsWith("get DemoApp") ? forbidden : undefined);
    const asked = [...reads, "get DemoApp/web"];
    expect((await scene.reconcile()).steps).toEqual([...asked, statusWrite, "event PermissionMissing"]);
  });
});

describe("a request fails", () => {
  test.each(reads)("%s: throws, and neither writes nor reports", async (failing) => {
    const scene = new Scene();
    scene.fault = (step) => (step === failing ? unavailable : undefined);
    const { error, steps } = await scene.reconcile();
    expect(error).toBe(unavailable);
    expect(steps).toEqual(reads.slice(0, steps.length));
    expect(await scene.phases()).toEqual([]);
  });

  test("a write: throws after the report; the next reconcile continues", async () => {
    const scene = new Scene();
    scene.fault = (step) => (step === "apply Deployment" ? unavailable : undefined);
    const { error, steps } = await scene.reconcile();
    expect(error).toBe(unavailable);
    expect(steps).toEqual([...reads, ...writes.slice(0, 2)]);
    scene.fault = () => undefined;
    const revision = `get ControllerRevision/web-${hashOf(spec())}`;
    const next = [...reads, revision, "apply Deployment", "apply Service"];
    expect((await scene.reconcile()).steps).toEqual(next);
  });

  test("a write fails again and again: the status says so, and is not Healthy", async () => {
    const scene = await healthyScene();
    scene.changeDeployment((live) => ({
      ...live,
      spec: { ...(live["spec"] as object), revisionHistoryLimit: 7 },
    }));
    scene.fault = (step) => (step === "apply Deployment" ? unavailable : undefined);
    await scene.reconcile();
    expect(scene.app?.status?.phase).toBe("Healthy");
    expect((await scene.reconcile()).steps).toEqual(["apply Deployment", statusWrite, "event WriteFailed"]);
    expect(scene.app?.status).toMatchObject({ phase: "Progressing", blockers: [{ reason: "WriteFailed" }] });
    scene.fault = () => undefined;
    scene.changeDeployment((live) => rolledOut(live));
    await scene.reconcile();
    scene.changeDeployment((live) => rolledOut(live));
    await scene.reconcile();
    expect(scene.app?.status).toMatchObject({ phase: "Healthy", blockers: [] });
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
    const scene = await unrepairedScene();
    scene.fault = (step) =>
      step === "apply Service" ? invalid : step === statusWrite ? unavailable : undefined;
    const { error, steps } = await scene.reconcile();
    expect(error).toBe(unavailable);
    expect(steps.slice(-3)).toEqual(["apply Service", "event DriftRepaired", statusWrite]);
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
    const scene = await healthyScene();
    const created = scene.app;
    scene.app = undefined;
    await scene.reconcile();
    scene.app = created;
    scene.changeDeployment((live) => rolledOut(live, { readyReplicas: 0 }));
    expect((await scene.reconcile()).steps).toEqual([statusWrite]);
  });
});
