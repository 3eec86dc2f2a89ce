import { describe, expect, test } from "@jest/globals";
import { canary, fewestServing, installed, ready, waiting } from "./canaryscene.ts";
import { at, spec, startMs } from "./objects.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { Simulation } from "./simulation/simulation.ts";

describe("in the middle of a canary", () => {
  test("a new version at 80 percent that is slow to become ready: the floor holds, and the steps start over", () => {
    const simulation = waiting(4);
    simulation.edit({ image: "slow:1" });
    simulation.settle();
    expect(simulation.app.status).toMatchObject({ weight: { desired: 20, actual: 0 } });
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

  test("back to the stable version after hours: the app is rolling back, and not past its deadline", () => {
    const simulation = waiting(4);
    simulation.annotate("promote", "2/all");
    simulation.pass(120);
    simulation.annotate("promote", "3/2");
    simulation.edit({ image: "good:2" });
    simulation.pass(7200);
    expect(simulation.app.status?.step).toMatchObject({ index: 4 });
    simulation.edit({ image: "good:1" });
    simulation.settle();
    expect(simulation.app.status?.phase).toBe("RollingBack");
  });

  test("the app is scaled: both tracks follow, and the step stays", () => {
    const simulation = waiting(2);
    simulation.pass(7200);
    simulation.edit({ replicas: 8 });
    simulation.settle();
    expect(simulation.app.status).toMatchObject({ phase: "Progressing" });
    expect(fewestServing(simulation, 60)).toBe(5);
    expect(ready(simulation)).toEqual({ stable: 7, candidate: 2 });
    expect(simulation.app.status?.step).toMatchObject({ index: 2 });
    simulation.edit({ replicas: 2 });
    expect(fewestServing(simulation, 60)).toBe(3);
    expect(ready(simulation)).toEqual({ stable: 2, candidate: 1 });
  });

  test("the app is scaled after hours, and a pod of the candidate fails its probe: no verdict before the deadline", () => {
    const simulation = waiting(2);
    simulation.pass(7200);
    const pod = simulation.pods.find(({ metadata }) => metadata.name.startsWith("web-candidate"));
    simulation.edit({ replicas: 8 });
    simulation.settle();
    if (pod) simulation.cluster.restart(pod);
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("a restart with one replica: one pod serves at every moment, and all pods are replaced", () => {
    const simulation = waiting(2, { replicas: 1 });
    const before = new Set(simulation.pods.map(({ metadata }) => metadata.uid));
    simulation.annotate("restartAt", at((simulation.nowMs - startMs) / 1000));
    expect(fewestServing(simulation, 60)).toBe(1);
    expect(simulation.pods.filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("the stable Deployment is deleted after a restart: the candidate's pods are not restarted", () => {
    const simulation = waiting(2);
    simulation.annotate("restartAt", at((simulation.nowMs - startMs) / 1000 - 1));
    simulation.pass(60);
    const candidates = () => simulation.observe().pods.filter(({ track }) => track === "candidate");
    const before = candidates();
    if (simulation.deployment) simulation.cluster.delete(simulation.deployment);
    simulation.pass(60);
    expect(candidates()).toEqual(before);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 1 });
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

  test("the steps are edited while `paused`: they start over under the next number, later", () => {
    const simulation = waiting(2);
    simulation.annotate("paused", "true");
    simulation.annotate("promote", "2/all");
    simulation.edit(canary({ steps: [{ setWeight: 40 }, { pause: {} }] }));
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", candidate: { rollout: 2 } });
    simulation.annotate("paused", "false");
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({
      phase: "Paused",
      candidate: { rollout: 3 },
      step: { index: 2, total: 2 },
    });
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

  test("the stable version's pods come and go: a good one is promoted", () => {
    const fields = { image: "flap:0", replicas: 4, progressDeadlineSeconds: 60, ...canary() };
    const simulation = new Simulation(spec(fields), new InvariantChecker());
    simulation.settle();
    simulation.pass(60);
    expect(simulation.app.status?.stable?.image).toBe("flap:0");
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "good:1" });
    simulation.pass(200);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });

  test("the candidate is edited by hand: the change is reverted, and the step stays", () => {
    const simulation = waiting(2);
    const { candidate } = simulation;
    const spec = candidate?.["spec"] as { template: { spec: object } };
    const template = { ...spec.template, spec: { ...spec.template.spec, hostNetwork: true } };
    if (candidate)
      simulation.cluster.update(candidate, "kubectl-edit", { ...candidate, spec: { ...spec, template } });
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(JSON.stringify(simulation.candidate?.["spec"])).not.toContain("hostNetwork");
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test.each([
    { type: "Recreate" },
    { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 4 } },
  ])("the strategy of the stable Deployment becomes $type by hand: the change is reverted", (strategy) => {
    const simulation = waiting(2);
    simulation.editDeployment((live) => ({
      ...live,
      spec: { ...(live["spec"] as object), strategy, paused: true },
    }));
    simulation.pass(1);
    expect(simulation.deployment?.["spec"]).toMatchObject({
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    });
    expect(simulation.deployment?.["spec"]).not.toHaveProperty("paused");
  });

  test("the candidate's ControllerRevision is deleted: the steps start over under the next number", () => {
    const simulation = waiting(4);
    const live = simulation.cluster.list("ControllerRevision").find((one) => one["revision"] === 2);
    if (live) simulation.cluster.delete(live);
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Paused",
      candidate: { image: "good:1", rollout: 3 },
      step: { index: 2 },
    });
  });

  test("a pod of the candidate is evicted in a pause: the step stays, and the pod is replaced", () => {
    const simulation = waiting(2);
    simulation.pass(3600);
    const pod = simulation.pods.find(({ metadata }) => metadata.name.startsWith("web-candidate"));
    if (pod) simulation.cluster.delete(pod);
    simulation.pass(1);
    expect(simulation.app.status?.phase).toBe("Progressing");
    simulation.pass(10);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("a new version while the one before is promoted: it waits, and then takes its steps", () => {
    const simulation = waiting(4);
    simulation.annotate("promote", "2/all");
    simulation.pass(4);
    expect(simulation.app.status?.phase).toBe("Promoting");
    simulation.edit({ image: "good:2" });
    simulation.pass(1);
    expect(simulation.app.status).toMatchObject({ phase: "Promoting", stable: { image: "good:1" } });
    expect(simulation.app.status?.message).toMatch(/good:2 starts after that\./);
    expect(fewestServing(simulation, 90)).toBe(4);
    expect(simulation.app.status).toMatchObject({ candidate: { image: "good:2" }, step: { index: 2 } });
  });
});
