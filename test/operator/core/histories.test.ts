import { describe, expect, test } from "@jest/globals";
import { at, spec, startMs } from "./objects.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { Simulation } from "./simulation/simulation.ts";

/** An app with the image good:0, some minutes after its installation. */
function installed(fields: object = {}): Simulation {
  const simulation = new Simulation(
    spec({ image: "good:0", replicas: 2, progressDeadlineSeconds: 60, ...fields }),
    new InvariantChecker(),
  );
  simulation.settle();
  simulation.pass(300);
  expect(simulation.app.status?.stable?.image).toBe(simulation.app.spec?.image);
  return simulation;
}

const readyPods = (simulation: Simulation): number =>
  simulation.observe().pods.filter(({ ready }) => ready).length;

const images = (simulation: Simulation): readonly string[] => [
  ...new Set(simulation.observe().pods.map(({ hash }) => hash)),
];

describe("0 replicas", () => {
  test("a bad version is rolled out and scaled to 0: it is not accepted, and the good one returns", () => {
    const simulation = installed();
    simulation.edit({ image: "never:1" });
    simulation.pass(10);
    simulation.edit({ replicas: 0 });
    simulation.pass(5);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", candidate: { image: "never:1" } });
    simulation.edit({ replicas: 2 });
    simulation.pass(600);
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", stable: { image: "good:0" } });
    expect(readyPods(simulation)).toBe(2);
  });

  test("a bad version is pushed at 0 and scaled up: it is rejected, and the good one returns", () => {
    const simulation = installed();
    simulation.edit({ replicas: 0 });
    simulation.pass(5);
    simulation.edit({ image: "never:1" });
    simulation.pass(5);
    simulation.edit({ replicas: 2 });
    simulation.pass(600);
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", stable: { image: "good:0" } });
    expect(readyPods(simulation)).toBe(2);
  });

  test("a good version is pushed at 0 and scaled up: it is accepted", () => {
    const simulation = installed();
    simulation.edit({ replicas: 0, image: "good:1" });
    simulation.pass(60);
    simulation.edit({ replicas: 2 });
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });
});

describe("objects that somebody deleted", () => {
  test("the Deployment in the middle of a bad rollout: it returns with the stable version, and pods serve", () => {
    const simulation = installed({ replicas: 4, progressDeadlineSeconds: 600 });
    simulation.edit({ image: "never:1" });
    simulation.pass(5);
    if (simulation.deployment) simulation.cluster.delete(simulation.deployment);
    simulation.pass(60);
    expect(readyPods(simulation)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Progressing", candidate: { image: "never:1" } });
  });

  test("the Deployment in the middle of a good rollout: the rollout goes on and is accepted", () => {
    const simulation = installed({ replicas: 4 });
    simulation.edit({ image: "slow:1" });
    simulation.pass(5);
    if (simulation.deployment) simulation.cluster.delete(simulation.deployment);
    simulation.pass(300);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "slow:1" } });
  });

  const deleteRevision = (simulation: Simulation, rollout: number): void => {
    const live = simulation.cluster
      .list("ControllerRevision")
      .find((object) => object["revision"] === rollout);
    if (live) simulation.cluster.delete(live);
  };

  test("the newest ControllerRevision: its number is not used again, so an abort left behind kills no good rollout", () => {
    const simulation = installed();
    simulation.edit({ image: "crash:1" });
    simulation.pass(120);
    expect(simulation.app.status?.rejected?.[0]).toMatchObject({ rollout: 2 });
    simulation.annotate("abort", "2");
    deleteRevision(simulation, 2);
    simulation.edit({ image: "good:1" });
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:1", rollout: 3 },
    });
  });

  test("the ControllerRevision of the serving version: no pod is replaced, and no rollout starts", () => {
    const simulation = installed();
    const before = simulation.pods.map(({ metadata }) => metadata.uid);
    deleteRevision(simulation, 1);
    simulation.pass(60);
    expect(simulation.pods.map(({ metadata }) => metadata.uid)).toEqual(before);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { rollout: 1 } });
    expect(simulation.revisions).toHaveLength(1);
  });

  test("the stable ControllerRevision while the requested version is rejected: the app is still scaled", () => {
    const simulation = installed();
    simulation.edit({ image: "crash:1" });
    simulation.pass(120);
    expect(simulation.app.status?.phase).toBe("Degraded");
    deleteRevision(simulation, 1);
    simulation.edit({ replicas: 3 });
    simulation.pass(60);
    expect(readyPods(simulation)).toBe(3);
    expect(simulation.app.status?.message).toMatch(/rollout 1 of good:0 serves\. Next:/);
  });
});

describe("restarts", () => {
  test.each([
    {
      by: "the operator",
      restart: (simulation: Simulation) =>
        simulation.annotate("restartAt", at((simulation.nowMs - startMs) / 1000)),
    },
    {
      by: "kubectl rollout restart",
      restart: (simulation: Simulation) =>
        simulation.editDeployment((live) => {
          const { template, ...rest } = live["spec"] as { template: { metadata: object } };
          const annotations = { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:05:00Z" };
          const metadata = { ...template.metadata, annotations };
          const generation = (live.metadata.generation ?? 0) + 1;
          return {
            ...live,
            metadata: { ...live.metadata, generation },
            spec: { ...rest, template: { ...template, metadata } },
          };
        }),
    },
  ])("by $by, pod by pod for longer than the deadline: each new pod is progress", ({ restart }) => {
    const simulation = installed({ replicas: 4, image: "slow:0", progressDeadlineSeconds: 600 });
    simulation.edit({ progressDeadlineSeconds: 60 });
    simulation.pass(60);
    expect(simulation.app.status?.phase).toBe("Healthy");
    const before = images(simulation);
    restart(simulation);
    const phases = new Set<string | undefined>();
    for (let second = 0; second < 170; second += 1) {
      simulation.pass(1);
      phases.add(simulation.app.status?.phase);
    }
    expect([...phases].map(String).toSorted()).toEqual(["Healthy", "Progressing"]);
    expect(images(simulation)).toEqual(before);
  });
});

describe("growth during a rollback", () => {
  test("the app is scaled up while a bad version is rolled back: no pod of it is added", () => {
    const simulation = installed({ replicas: 2, strategy: { rollingUpdate: { maxSurge: 1 } } });
    simulation.edit({ image: "crash:1" });
    simulation.pass(4);
    const bad = simulation.pods.length;
    simulation.annotate("abort", "2");
    simulation.edit({ replicas: 6 });
    const crashing = new Set<string | undefined>();
    for (let second = 0; second < 60; second += 1) {
      simulation.pass(1);
      for (const { name, hash } of simulation.observe().pods)
        if (hash === simulation.revisions.find(({ rollout }) => rollout === 2)?.hash) crashing.add(name);
    }
    expect(bad).toBe(3);
    expect(crashing.size).toBeLessThanOrEqual(1);
    expect(readyPods(simulation)).toBe(6);
  });
});

test("the app is scaled down while a bad version is rolled out: the floor stays available, and the size follows", () => {
  const simulation = installed({ replicas: 9 });
  simulation.edit({ image: "never:1" });
  simulation.pass(10);
  simulation.edit({ replicas: 8 });
  const ready = new Set<number>();
  for (let second = 0; second < 120; second += 1) {
    simulation.pass(1);
    ready.add(readyPods(simulation));
  }
  expect(Math.min(...ready)).toBe(8);
  expect(simulation.pods).toHaveLength(8);
  expect(simulation.app.status).toMatchObject({ phase: "Degraded", stable: { image: "good:0" } });
});
