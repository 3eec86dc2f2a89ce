import { describe, expect, test } from "@jest/globals";
import { blueGreen, held, previewed, traffic } from "./bluegreenscene.ts";
import { fewestServing, installed, ready } from "./canaryscene.ts";
import { at, startMs } from "./objects.ts";

describe("a good version", () => {
  test("it gets all traffic at once, and the stable track runs it in the end", () => {
    const simulation = installed(blueGreen());
    simulation.edit({ image: "good:1" });
    expect(fewestServing(simulation, 200)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:1", rollout: 2 },
    });
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
    expect(traffic(simulation)).toBe("stable");
    expect(simulation.candidate).toBeUndefined();
    expect(simulation.cluster.get("Service", "web-preview")).toBeUndefined();
  });

  test("without autoPromote: it waits behind the preview Service, and the blocker says what to do", () => {
    const simulation = previewed();
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 1 });
    expect(traffic(simulation)).toBe("stable");
    expect(simulation.cluster.get("Service", "web-preview")?.["spec"]).toMatchObject({
      selector: { "demoapp.dev/track": "candidate" },
    });
    expect(simulation.app.status?.blockers).toMatchObject([
      {
        reason: "StepWaits",
        next: expect.stringContaining("Look at Service/web-preview, then promote the rollout"),
      },
    ]);
  });

  test("in the hold: the stable Deployment keeps its pods", () => {
    const simulation = held();
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 4 });
    expect(simulation.app.status).toMatchObject({ weight: { desired: 100, actual: 100 } });
  });

  test("without a hold: the stable pods stay for 6 s after they lost the traffic", () => {
    const simulation = installed(blueGreen({ holdSeconds: 0 }));
    const stable = new Set(simulation.pods.map(({ metadata }) => metadata.uid));
    simulation.edit({ image: "good:1" });
    const seconds = Array.from({ length: 60 }, () => {
      simulation.pass(1);
      const left = simulation.pods.filter(({ metadata }) => stable.has(metadata.uid)).length;
      return { traffic: traffic(simulation), left };
    });
    const switchedAt = seconds.findIndex((second) => second.traffic === "candidate");
    const replacedAt = seconds.findIndex(({ left }) => left < stable.size);
    expect(switchedAt).toBeGreaterThan(0);
    expect(replacedAt - switchedAt).toBeGreaterThanOrEqual(5);
  });

  test("previewReplicas above replicas: as many as replicas", () => {
    expect(ready(previewed({ previewReplicas: 9 }))).toEqual({ stable: 4, candidate: 4 });
  });

  test("image and replicas change in one write: one rollout at the new size", () => {
    const simulation = installed(blueGreen());
    simulation.edit({ image: "good:1", replicas: 6 });
    expect(fewestServing(simulation, 200)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:1", rollout: 2 },
    });
    expect(ready(simulation)).toEqual({ stable: 6, candidate: 0 });
  });

  test("one replica under a quota of two pods: one pod serves at every moment", () => {
    const simulation = installed({ replicas: 1, ...blueGreen() });
    simulation.cluster.podQuota = 2;
    simulation.edit({ image: "good:1" });
    expect(fewestServing(simulation, 200)).toBe(1);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });
});

describe("the way back", () => {
  test("abort in the hold: the traffic is back in one write, and no stable pod was replaced", () => {
    const simulation = held();
    const stable = simulation.pods.filter(({ metadata }) => !metadata.name.startsWith("web-candidate"));
    simulation.annotate("abort", "2");
    simulation.settle();
    expect(traffic(simulation)).toBe("stable");
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.pods.map(({ metadata }) => metadata.uid)).toEqual(
      stable.map(({ metadata }) => metadata.uid),
    );
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", rejected: [{ reason: "Aborted" }] });
  });

  test("the version crashes in the hold: it is rejected, and the stable version serves", () => {
    const simulation = held();
    for (let crash = 0; crash < 3; crash += 1) {
      const pod = simulation.pods.find(({ metadata }) => metadata.name.startsWith("web-candidate"));
      if (pod) simulation.cluster.crash(pod);
      simulation.pass(8);
    }
    simulation.pass(60);
    expect(traffic(simulation)).toBe("stable");
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", stable: { image: "good:0" } });
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
  });

  test("the stable image in the hold: the candidate goes, no new rollout", () => {
    const simulation = held();
    simulation.edit({ image: "good:0" });
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:0", rollout: 1 },
    });
    expect(simulation.candidate).toBeUndefined();
  });

  test("preview pods that crash: no switch, and the version is rejected", () => {
    const simulation = installed(blueGreen());
    simulation.edit({ image: "crash:1" });
    expect(fewestServing(simulation, 100)).toBe(4);
    expect(traffic(simulation)).toBe("stable");
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", rejected: [{ image: "crash:1" }] });
  });
});

describe("in the middle", () => {
  test("a new version in the hold: the stable version serves, then the new one takes all steps", () => {
    const simulation = held();
    simulation.edit({ image: "good:2" });
    expect(fewestServing(simulation, 100)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Paused",
      candidate: { image: "good:2" },
      step: { index: 2 },
    });
  });

  test.each([1, 4])("a restart in the hold with %i replicas: as many pods serve", (replicas) => {
    const simulation = held();
    simulation.edit({ replicas });
    simulation.pass(60);
    simulation.annotate("restartAt", at((simulation.nowMs - startMs) / 1000));
    expect(fewestServing(simulation, 100)).toBe(replicas);
  });

  test("scaled up in the hold: both tracks follow", () => {
    const simulation = held();
    simulation.edit({ replicas: 6 });
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(ready(simulation)).toEqual({ stable: 6, candidate: 6 });
  });

  test.each(["Canary", "RollingUpdate"] as const)(
    "the strategy becomes %s in the hold: as many pods serve",
    (type) => {
      const simulation = held();
      simulation.edit({ strategy: { type } });
      expect(fewestServing(simulation, 400)).toBe(4);
      simulation.annotate("promote", "3/all");
      expect(fewestServing(simulation, 200)).toBe(4);
      expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
    },
  );

  test("a quota holds the re-roll of the stable pods: the candidate serves on, and the blocker names the quota", () => {
    const simulation = held();
    simulation.cluster.podQuota = 4;
    simulation.annotate("promote", "2/all");
    expect(fewestServing(simulation, 30)).toBe(4);
    expect(simulation.app.status?.phase).toBe("Promoting");
    expect(simulation.app.status?.blockers).toMatchObject([{ reason: "QuotaExceeded" }]);
    simulation.cluster.podQuota = Infinity;
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });
});
