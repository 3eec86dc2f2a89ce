import { describe, expect, test } from "@jest/globals";
import { at, spec, startMs } from "./objects.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { Simulation } from "./simulation/simulation.ts";

const steps = [{ setWeight: 20 }, { pause: {} }, { setWeight: 80 }, { pause: {} }];

/** The strategy Canary with steps that wait for a person at 20 and at 80 percent. */
const canary = (fields: object = {}) => ({
  strategy: { type: "Canary" as const, canary: { maxSurge: 1, steps, ...fields } },
});

/** An app with the image good:0, some minutes after its installation. The invariants are checked at each turn. */
function installed(fields: object = {}): Simulation {
  const simulation = new Simulation(
    spec({ image: "good:0", replicas: 4, progressDeadlineSeconds: 60, ...canary(), ...fields }),
    new InvariantChecker(),
  );
  simulation.settle();
  simulation.pass(120);
  expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:0" } });
  return simulation;
}

/** The ready pods of each track. */
function ready(simulation: Simulation): { stable: number; candidate: number } {
  const pods = simulation.observe().pods.filter((pod) => pod.ready);
  const on = (track: string): number => pods.filter((pod) => pod.track === track).length;
  return { stable: on("stable"), candidate: on("candidate") };
}

/** The fewest pods that the Service selected in each second. */
function fewestServing(simulation: Simulation, seconds: number): number {
  const counts = Array.from({ length: seconds }, () => {
    simulation.pass(1);
    return simulation.counted.serving;
  });
  return Math.min(...counts);
}

/** The app in the middle of a canary of good:1 that waits at a step. */
function waiting(step: 2 | 4, fields: object = {}): Simulation {
  const simulation = installed(fields);
  simulation.edit({ image: "good:1" });
  simulation.pass(30);
  if (step === 4) simulation.annotate("promote", "2/2");
  simulation.pass(60);
  expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: step, total: 4 } });
  return simulation;
}

describe("a good version", () => {
  test("the steps are taken, and the stable track runs it in the end", () => {
    const simulation = waiting(2);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 1 });
    expect(simulation.app.status).toMatchObject({
      weight: { desired: 20, actual: 20 },
      display: { step: "2/4", weight: "20%" },
    });
    simulation.annotate("promote", "2/2");
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(ready(simulation)).toEqual({ stable: 1, candidate: 4 });
    simulation.annotate("promote", "2/4");
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
    expect(simulation.candidate).toBeUndefined();
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:1", rollout: 2 },
    });
  });

  test("`all` promotes past every pause, but not past pods that are not ready", () => {
    const simulation = installed();
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "slow:1" });
    simulation.pass(35);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
    expect(fewestServing(simulation, 400)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "slow:1" } });
  });

  test("the first install takes no steps", () => {
    const simulation = new Simulation(spec({ image: "good:0", ...canary() }), new InvariantChecker());
    simulation.settle();
    simulation.pass(10);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:0" } });
  });

  test.each([1, 2])("with %i replicas: as many pods serve at every moment", (replicas) => {
    const simulation = installed({ replicas });
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "good:1" });
    expect(fewestServing(simulation, 200)).toBe(replicas);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });

  test("back to a version that was accepted before: no steps, unless fastRollback is false", () => {
    for (const fastRollback of [true, false]) {
      const simulation = installed(canary({ fastRollback }));
      simulation.annotate("promote", "2/all");
      simulation.edit({ image: "good:1" });
      simulation.pass(300);
      simulation.edit({ image: "good:0" });
      simulation.pass(60);
      const phase = fastRollback ? "Healthy" : "Paused";
      const image = fastRollback ? "good:0" : "good:1";
      expect(simulation.app.status).toMatchObject({ phase, stable: { image } });
    }
  });
});

describe("a bad version", () => {
  test("it crashes: it goes, and the candidate's Deployment with it", () => {
    const simulation = installed();
    simulation.edit({ image: "crash:1" });
    expect(fewestServing(simulation, 100)).toBe(4);
    expect(simulation.candidate).toBeUndefined();
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", rejected: [{ image: "crash:1" }] });
  });

  test("a bad third version goes through step 1", () => {
    const simulation = waiting(2);
    simulation.annotate("promote", "2/all");
    simulation.pass(200);
    simulation.edit({ image: "never:1" });
    simulation.pass(30);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
    expect(simulation.app.status?.step).toMatchObject({ index: 1 });
    expect(simulation.pods).toHaveLength(5);
  });

  test("it is promoted and never becomes ready: it is rejected", () => {
    const simulation = installed();
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "never:1" });
    expect(fewestServing(simulation, 200)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", stable: { image: "good:0" } });
  });

  test("an abort at 80 percent: the stable version returns without a loss", () => {
    const simulation = waiting(4);
    simulation.annotate("abort", "2");
    expect(fewestServing(simulation, 100)).toBe(4);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", rejected: [{ reason: "Aborted" }] });
  });

  test("an abort with no rollout: nothing changes", () => {
    const simulation = installed();
    simulation.annotate("abort", "1");
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:0" } });
  });

  test.each(["abort first", "promote first"])("abort and promote, %s: the abort counts", (order) => {
    const simulation = waiting(2);
    const commands = [["abort", "2"] as const, ["promote", "2/all"] as const];
    for (const [command, value] of order === "abort first" ? commands : commands.toReversed())
      simulation.annotate(command, value);
    simulation.pass(100);
    expect(simulation.app.status).toMatchObject({
      stable: { image: "good:0" },
      rejected: [{ reason: "Aborted" }],
    });
  });
});

describe("in the middle", () => {
  test("a new version at 80 percent that is slow to become ready: the floor holds, and the steps start over", () => {
    const simulation = waiting(4);
    simulation.edit({ image: "slow:1" });
    expect(fewestServing(simulation, 150)).toBe(4);
    expect(simulation.app.status).toMatchObject({ candidate: { image: "slow:1" }, step: { index: 2 } });
  });

  test("back to the stable version: the candidate goes, no steps", () => {
    const simulation = waiting(4);
    simulation.edit({ image: "good:0" });
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.candidate).toBeUndefined();
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:0", rollout: 1 },
    });
  });

  test("the app is scaled: both tracks follow, and the step stays", () => {
    const simulation = waiting(2);
    simulation.edit({ replicas: 8 });
    expect(fewestServing(simulation, 60)).toBe(5);
    expect(ready(simulation)).toEqual({ stable: 7, candidate: 2 });
    expect(simulation.app.status?.step).toMatchObject({ index: 2 });
    simulation.edit({ replicas: 2 });
    expect(fewestServing(simulation, 60)).toBe(3);
    expect(ready(simulation)).toEqual({ stable: 2, candidate: 1 });
  });

  test("a restart with one replica: one pod serves at every moment, and all pods are replaced", () => {
    const simulation = waiting(2, { replicas: 1 });
    const before = new Set(simulation.pods.map(({ metadata }) => metadata.uid));
    simulation.annotate("restartAt", at((simulation.nowMs - startMs) / 1000));
    expect(fewestServing(simulation, 60)).toBe(1);
    expect(simulation.pods.filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("the steps are edited: they start over under the next number", () => {
    const simulation = waiting(4);
    simulation.edit(
      spec({ image: "good:1", replicas: 4, ...canary({ steps: [{ setWeight: 40 }, { pause: {} }] }) }),
    );
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      candidate: { image: "good:1", rollout: 3 },
      step: { index: 2, total: 2 },
    });
    expect(ready(simulation)).toEqual({ stable: 3, candidate: 2 });
  });

  test("the strategy becomes RollingUpdate: the stable version gets the traffic, then the update goes on", () => {
    const simulation = waiting(4);
    simulation.edit({ strategy: { type: "RollingUpdate" } });
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Healthy",
      stable: { image: "good:1", rollout: 2 },
    });
  });

  test("the strategy becomes Canary in a rolling update: the stable version returns, then the steps begin", () => {
    const simulation = installed({ strategy: { type: "RollingUpdate" } });
    simulation.edit({ image: "good:1" });
    simulation.pass(4);
    simulation.edit(canary());
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("the candidate's Deployment is deleted: the steps start over", () => {
    const simulation = waiting(4);
    if (simulation.candidate) simulation.cluster.delete(simulation.candidate);
    simulation.pass(1);
    expect(simulation.app.status).toMatchObject({ step: { index: 1 }, candidate: { rollout: 2 } });
    simulation.pass(60);
    // The promotion past step 2 is still there.
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 4 } });
  });

  test("`paused` holds the next step, and the message tells the promotion that waits", () => {
    const simulation = waiting(2);
    simulation.annotate("paused", "true");
    simulation.annotate("promote", "2/2");
    simulation.pass(30);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
    expect(simulation.app.status?.message).toMatch(
      /held by the annotation demoapp\.dev\/paused, and so is its promotion/,
    );
    simulation.annotate("paused", "false");
    simulation.pass(60);
    expect(simulation.app.status?.step).toMatchObject({ index: 4 });
  });

  test("scaled to 0: the outcome stays open, and the step goes on with the pods", () => {
    const simulation = waiting(2);
    simulation.edit({ replicas: 0 });
    simulation.pass(30);
    expect(simulation.pods).toEqual([]);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", candidate: { image: "good:1" } });
    simulation.edit({ replicas: 4 });
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("a bad stable version with no ready pod: a good one is promoted", () => {
    const simulation = installed();
    simulation.edit({ strategy: { type: "RollingUpdate" } });
    for (const pod of simulation.pods) simulation.cluster.crash(pod);
    simulation.edit(canary());
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "good:1" });
    simulation.pass(200);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });
});
