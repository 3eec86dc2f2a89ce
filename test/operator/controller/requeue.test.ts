import { describe, expect, test } from "@jest/globals";
import { rolledOut } from "../core/objects.ts";
import { Scene, conflict, statusWrite } from "./scene.ts";

/** An app whose rollout started a second ago: the status is due. */
async function startedScene(): Promise<Scene> {
  const scene = new Scene();
  await scene.reconcile();
  scene.clock.jump(1_000);
  return scene;
}

describe("the requeue time", () => {
  test("a rollout starts: a second later, when its status is due", async () => {
    expect((await new Scene().reconcile()).requeueAfterMs).toBe(1_000);
  });

  test("a rollout is in progress: from the plan", async () => {
    expect((await (await startedScene()).reconcile()).requeueAfterMs).toBe(5_000);
  });

  test("the reconcile takes 2 s: counts from its end", async () => {
    const scene = await startedScene();
    scene.fault = (step) => void (step === statusWrite && scene.clock.jump(2_000));
    expect((await scene.reconcile()).requeueAfterMs).toBe(3_000);
  });

  test("the reconcile takes longer than the plan's time: 0", async () => {
    const scene = await startedScene();
    scene.fault = (step) => void (step === statusWrite && scene.clock.jump(6_000));
    expect((await scene.reconcile()).requeueAfterMs).toBe(0);
  });

  test("only counts changed, so the status write is delayed: the earlier of both times", async () => {
    const scene = await startedScene();
    await scene.reconcile();
    scene.clock.jump(400);
    scene.changeDeployment((live) => rolledOut(live, { readyReplicas: 1, availableReplicas: 0 }));
    expect(await scene.reconcile()).toEqual({ requeueAfterMs: 4_600, steps: [] });
  });

  test("the status write conflicts: 1 s", async () => {
    const scene = await startedScene();
    scene.fault = (step) => (step === statusWrite ? conflict : undefined);
    expect((await scene.reconcile()).requeueAfterMs).toBe(1_000);
  });
});
