import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLoad } from "./load.ts";
import { Scene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open("rolling");
});
afterAll(() => scene.close());

describe("a rolling update", () => {
  test("answers every request while it replaces the pods", async () => {
    await scene.apply("web", { replicas: 3 });
    await scene.healthy("web");
    const { spec } = await scene.service("web");
    const load = await startLoad(scene.cluster, `http://${spec.clusterIP}/`);
    await scene.apply("web", { replicas: 3, image: scene.images.second });
    const { status } = await scene.healthy("web");
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    expect(report.resets).toBeLessThanOrEqual(Math.max(1, report.requests / 1000));
    expect(report.requests).toBeGreaterThan(100);
    expect(Object.keys(report.versions).toSorted()).toEqual(["1.0.0", "1.1.0"]);
    expect(await scene.runs("web")).toEqual([scene.images.second]);
    expect(status.history.map(({ outcome, rollout }) => [rollout, outcome])).toEqual([
      [2, "Accepted"],
      [1, "Accepted"],
    ]);
  });

  test("never has fewer pods than the replicas available", async () => {
    let fewest = Infinity;
    const count = async (): Promise<void> => {
      const { availableReplicas = 0 } = (await scene.deployment("web")).status;
      fewest = Math.min(fewest, availableReplicas);
    };
    await scene.apply("web", {
      replicas: 3,
      image: scene.images.second,
      env: [{ name: "LOG_LEVEL", value: "warn" }],
    });
    await scene.phase("web", "Progressing");
    await scene.eventually("the rollout has ended", async () => {
      await count();
      return (await scene.app("web")).status?.phase === "Healthy" ? true : undefined;
    });
    expect(fewest).toBe(3);
  });
});

describe("an app is", () => {
  test("scaled by kubectl scale, without a rollout", async () => {
    const { status: before } = await scene.app("web");
    await scene.kubectl("scale", "demoapp", "web", "--replicas=1");
    await scene.until("web", ({ status }) => status.phase === "Healthy" && status.replicas === 1);
    const { status, spec } = await scene.healthy("web");
    expect(spec.replicas).toBe(1);
    expect(status.stable).toEqual(before?.stable);
    expect(await scene.pods("web")).toHaveLength(1);
  });

  test("restarted by the annotation, once", async () => {
    const [before] = await scene.pods("web");
    const at = new Date().toISOString();
    await scene.annotate("web", `demoapp.dev/restart-at=${at}`);
    await scene.eventually("another pod serves", async () => {
      const [pod, ...more] = await scene.pods("web");
      return more.length === 0 && pod?.metadata.uid !== before?.metadata.uid ? true : undefined;
    });
    const { status } = await scene.healthy("web");
    expect(status.stable?.rollout).toBe(3);
    const [after] = await scene.pods("web");
    await scene.annotate("web", "demoapp.dev/restart-at=2020-01-01T00:00:00Z");
    await scene.kubectl("annotate", "demoapp", "web", "demoapp.dev/restart-at-");
    await scene.kubectl("scale", "demoapp", "web", "--replicas=2");
    await scene.until("web", ({ status: { phase, replicas } }) => phase === "Healthy" && replicas === 2);
    expect((await scene.pods("web")).map(({ metadata }) => metadata.uid)).toContain(after?.metadata.uid);
  });

  test("left alone while it is suspended, and moved on afterwards", async () => {
    await scene.apply("web", { suspend: true, image: scene.images.first });
    await scene.phase("web", "Suspended");
    const before = await scene.deployment("web");
    await scene.kubectl("scale", "deployment", "web", "--replicas=1");
    // It has looked at what was done by hand, and reports it.
    await scene.until("web", ({ status: { phase, replicas } }) => phase === "Suspended" && replicas === 1);
    expect((await scene.deployment("web")).spec.replicas).toBe(1);
    expect(before.spec.template.spec.containers[0]?.image).toBe(scene.images.second);
    await scene.apply("web", { suspend: false, image: scene.images.first });
    await scene.healthy("web");
    expect(await scene.runs("web")).toEqual([scene.images.first]);
    expect(await scene.pods("web")).toHaveLength(2);
  });
});
