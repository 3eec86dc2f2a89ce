import { describe, expect, test } from "@jest/globals";
import { canary, fewestServing, installed, ready, waiting } from "./canaryscene.ts";
import { spec } from "./objects.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { Simulation } from "./simulation/simulation.ts";

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

  test("a promotion of an older rollout, and one past an earlier step: nothing changes", () => {
    const simulation = waiting(2);
    for (const command of ["1/all", "1/2", "2/1", "2", "all"]) {
      simulation.annotate("promote", command);
      simulation.pass(30);
      expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
    }
  });

  test("nobody else writes to its objects: its events tell the steps, and no change by hand", () => {
    const simulation = waiting(4);
    simulation.annotate("promote", "2/4");
    simulation.pass(120);
    expect(simulation.app.status?.phase).toBe("Healthy");
    const byHand = new Set(["ObjectRecreated", "DriftRepaired"]);
    expect(simulation.events).toContain("StepWaits");
    expect(simulation.events.filter((reason) => byHand.has(reason))).toEqual([]);
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

  test("an abort at 80 percent, and the Service is deleted: it returns with the pods of both tracks", () => {
    const simulation = waiting(4);
    simulation.annotate("abort", "2");
    const service = simulation.cluster.get("Service", "web");
    if (service) simulation.cluster.delete(service);
    expect(fewestServing(simulation, 100)).toBe(4);
    expect(simulation.cluster.get("Service", "web")?.["spec"]).toMatchObject({
      selector: { "demoapp.dev/track": "stable" },
    });
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
