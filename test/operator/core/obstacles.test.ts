import { describe, expect, test } from "@jest/globals";
import { at, startMs } from "./objects.ts";
import { canary, fewestServing, installed, ready, waiting } from "./canaryscene.ts";
import type { Simulation } from "./simulation/simulation.ts";

const reasons = ({ app }: Simulation): readonly string[] =>
  (app.status?.blockers ?? []).map(({ reason }) => reason);

describe("pods that the cluster refuses or loses", () => {
  test("a quota refuses the candidate's pod: no verdict, also past the deadline, and the canary goes on with room", () => {
    const simulation = installed();
    simulation.cluster.podQuota = 4;
    simulation.edit({ image: "good:1" });
    expect(fewestServing(simulation, 30)).toBe(4);
    expect(simulation.app.status?.blockers).toMatchObject([
      { reason: "QuotaExceeded", object: "Deployment/web-candidate" },
    ]);
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", rejected: [] });
    expect(simulation.app.status?.message).toMatch(
      /^Rollout 2 of good:1, step 1 of 4 makes no progress for 60 s: 0 of 1 pods of this version and 4 of good:0 are/,
    );
    simulation.cluster.podQuota = Infinity;
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  });

  test("a quota refuses the stable pods of a promotion: the candidate serves on, and the promotion ends with room", () => {
    const simulation = waiting(4);
    simulation.cluster.podQuota = 4;
    simulation.annotate("promote", "2/all");
    expect(fewestServing(simulation, 200)).toBe(4);
    expect(simulation.app.status).toMatchObject({ stable: { image: "good:1" }, phase: "Degraded" });
    expect(reasons(simulation)).toContain("QuotaExceeded");
    simulation.cluster.podQuota = Infinity;
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
  });

  test("the stable version has no pod at all: a good candidate takes its steps and is accepted", () => {
    const simulation = installed();
    simulation.cluster.podQuota = 0;
    for (const pod of simulation.pods) simulation.cluster.delete(pod);
    simulation.pass(5);
    expect(simulation.pods).toEqual([]);
    simulation.edit({ image: "good:1" });
    simulation.annotate("promote", "2/all");
    simulation.cluster.podQuota = 1;
    simulation.pass(60);
    simulation.cluster.podQuota = Infinity;
    simulation.pass(200);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
  });

  test("a restart of the stable pods takes the whole budget and never ends: the canary tells that it waits", () => {
    const simulation = installed();
    simulation.cluster.podQuota = 4;
    simulation.annotate("restartAt", at((simulation.nowMs - startMs) / 1000));
    simulation.pass(5);
    simulation.edit({ image: "good:1" });
    simulation.pass(70);
    expect(simulation.app.status?.phase).toBe("Degraded");
    expect(simulation.app.status?.message).toMatch(
      /^Rollout 2 of good:1, step 1 of 4 makes no progress for 60 s/,
    );
  });

  test("the watches are silent while the candidate becomes ready: its pods keep their traffic until they go", () => {
    const simulation = installed({ replicas: 2, ...canary({ steps: [{ setWeight: 42 }] }) });
    simulation.edit({ image: "good:1" });
    simulation.pass(1);
    const [pod] = simulation.pods;
    if (pod) simulation.cluster.delete(pod);
    simulation.settle();
    simulation.silenceWatches();
    simulation.pass(90);
    simulation.resumeWatches();
    simulation.pass(60);
    expect(ready(simulation)).toEqual({ stable: 2, candidate: 0 });
  });

  test("the ReplicaSet of the candidate is deleted: its pods return, and the step stays", () => {
    const simulation = waiting(2);
    const name = simulation.candidate?.metadata.name ?? "";
    const set = simulation.cluster
      .list("ReplicaSet")
      .find(({ metadata }) => metadata.name.startsWith(`${name}-`));
    if (set) simulation.cluster.delete(set);
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 1 });
    expect(simulation.app.status).toMatchObject({
      phase: "Paused",
      step: { index: 2 },
      candidate: { rollout: 2 },
    });
  });

  test("pods of the candidate take an hour to stop: its Deployment goes, and the next canary begins", () => {
    const simulation = waiting(4);
    simulation.cluster.stopMs = 3_600_000;
    simulation.edit({ image: "good:2" });
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.app.status).toMatchObject({
      phase: "Paused",
      candidate: { image: "good:2" },
      step: { index: 2 },
    });
  });

  test("a promoted version fails on the stable track: the version before returns without a loss", () => {
    const simulation = installed();
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "few:1" });
    simulation.pass(200);
    expect(simulation.app.status).toMatchObject({ phase: "Degraded", stable: { image: "few:1" } });
    simulation.edit({ image: "good:0" });
    expect(fewestServing(simulation, 120)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:0" } });
  });

  test("a candidate that crashes after a long pause: it is rejected from the pause", () => {
    const simulation = waiting(4);
    simulation.pass(7200);
    for (let crash = 0; crash < 3; crash += 1) {
      const pod = simulation.pods.find(({ metadata }) => metadata.name.startsWith("web-candidate"));
      if (pod) simulation.cluster.crash(pod);
      simulation.pass(8);
    }
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({
      phase: "Degraded",
      stable: { image: "good:0" },
      rejected: [{ image: "good:1", reason: "CrashLoop" }],
    });
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
  });
});

test("a canary waits for the Service: its status stays the same", () => {
  const simulation = installed();
  simulation.refusedKind = "Service";
  simulation.edit({ image: "good:1" });
  simulation.pass(10);
  const { status } = simulation.app;
  expect(status).toMatchObject({ phase: "Degraded", candidate: { image: "good:1" } });
  simulation.pass(10);
  expect(simulation.app.status).toEqual(status);
});

describe("edits that start no rollout", () => {
  test("the strategy or its steps are edited at rest: no pod is replaced, and no rollout starts", () => {
    const simulation = installed({ strategy: { type: "RollingUpdate" } });
    const before = simulation.pods.map(({ metadata }) => metadata.uid);
    simulation.edit(canary());
    simulation.pass(30);
    simulation.edit(canary({ steps: [{ setWeight: 50 }] }));
    simulation.pass(30);
    expect(simulation.pods.map(({ metadata }) => metadata.uid)).toEqual(before);
    expect(simulation.candidate).toBeUndefined();
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { rollout: 1 } });
    expect(simulation.revisions).toHaveLength(1);
  });

  test("service.port is edited in the middle of a canary: the Service follows, and the step stays", () => {
    const simulation = waiting(2);
    simulation.edit({ service: { port: 8081 } });
    expect(fewestServing(simulation, 30)).toBe(5);
    expect(simulation.cluster.get("Service", "web")?.["spec"]).toMatchObject({
      ports: [{ port: 8081, targetPort: "http" }],
    });
    expect(simulation.app.status).toMatchObject({
      phase: "Paused",
      step: { index: 2 },
      candidate: { rollout: 2 },
    });
  });

  test("spec.port changes with the new version: both tracks answer on the port's name", () => {
    const simulation = installed();
    simulation.annotate("promote", "2/all");
    simulation.edit({ image: "good:1", port: 9090 });
    expect(fewestServing(simulation, 200)).toBe(4);
    expect(simulation.cluster.get("Service", "web")?.["spec"]).toMatchObject({
      ports: [{ targetPort: "http" }],
    });
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1" } });
  });

  test("suspended in the middle: nothing is written, and the canary goes on where it was", () => {
    const simulation = waiting(2);
    simulation.edit({ suspend: true });
    simulation.annotate("promote", "2/2");
    simulation.pass(120);
    expect(simulation.app.status).toMatchObject({ phase: "Suspended" });
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 1 });
    simulation.edit({ suspend: false });
    expect(fewestServing(simulation, 60)).toBe(4);
    expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 4 } });
  });
});

test("an autoscaler reads the status in the middle of a canary: pods of both tracks, and a selector of both", () => {
  const simulation = waiting(2);
  expect(simulation.app.status).toMatchObject({
    replicas: 5,
    selector: "app.kubernetes.io/name=web,app.kubernetes.io/managed-by=demoapp-operator",
  });
});
