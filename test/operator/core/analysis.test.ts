import { describe, expect, test } from "@jest/globals";
import { timestamp } from "../../../operator/core/observed.ts";
import { judged, until, withTraffic } from "./analysisscene.ts";
import { ready } from "./canaryscene.ts";

const good = { image: "good:1" };

describe("a canary with analysis", () => {
  test("a version without failures passes, and is accepted", () => {
    const { simulation } = withTraffic({});
    simulation.edit(good);
    simulation.pass(60);
    expect(simulation.app.status).toMatchObject({
      phase: "Progressing",
      step: { index: 2, name: "analysis" },
      message: expect.stringMatching(/waits for evidence: 0 of \d+ requests failed .*more requests/),
    });
    until(simulation, "Healthy");
    expect(simulation.app.status?.history?.[0]).toEqual(
      expect.objectContaining({ rollout: 2, outcome: "Accepted" }),
    );
    expect(simulation.app.status?.history?.[0]).not.toHaveProperty("reason");
    expect(simulation.app.status?.analysis).toBeUndefined();
  });

  test("a version that fails 10 % is rejected, and the message has the numbers", () => {
    const { simulation } = withTraffic({ "good:1": 0.1 });
    simulation.edit(good);
    expect(until(simulation, "Degraded")).toBeLessThan(180);
    expect(simulation.app.status?.rejected?.[0]).toMatchObject({
      reason: "TooManyErrors",
      message: expect.stringMatching(/^\d+ of \d+ requests failed \(\d+ %; stable 0 %, limit 1 %\)$/),
    });
    simulation.pass(60);
    expect(ready(simulation)).toEqual({ stable: 4, candidate: 0 });
  });

  test("a version that fails 0.5 % under a limit of 1 % is promoted", () => {
    const { simulation } = withTraffic({ "good:1": 0.005 });
    simulation.edit(good);
    until(simulation, "Healthy");
    expect(simulation.app.status?.stable).toMatchObject(good);
  });

  test("a dependency is down for both versions: nobody is rejected, nobody is promoted, and a person is asked", () => {
    const { simulation } = withTraffic({ "good:0": 0.1, "good:1": 0.1 });
    simulation.edit(good);
    expect(until(simulation, "Paused")).toBeGreaterThanOrEqual(1800);
    const [blocker] = simulation.app.status?.blockers ?? [];
    expect(blocker).toMatchObject({
      reason: "StepUndecided",
      message: expect.stringContaining("stable itself is over the limit with 10 %; raise errors.max"),
      next: expect.stringContaining("demoapp.dev/promote=2/2"),
    });
    simulation.annotate("promote", "2/all");
    until(simulation, "Healthy");
    expect(simulation.app.status?.history?.[0]).toMatchObject({
      outcome: "Accepted",
      reason: "PromotedUndecided",
    });
  });

  test("no traffic: it waits and says so, and requests end the wait", () => {
    const { simulation, traffic } = withTraffic({});
    traffic.perSecond = 0;
    simulation.edit(good);
    simulation.pass(300);
    expect(simulation.app.status).toMatchObject({
      phase: "Progressing",
      blockers: [{ reason: "NoTraffic", message: expect.stringContaining("fewer than 5 requests since") }],
    });
    traffic.perSecond = 20;
    until(simulation, "Healthy");
  });

  test("no counters: it waits and says what was looked for", () => {
    const { simulation, traffic } = withTraffic({});
    traffic.problems.set("good:1", "http_requests_total is not among 3 metrics: up, build_info, x");
    simulation.edit(good);
    simulation.pass(120);
    expect(simulation.app.status).toMatchObject({
      phase: "Progressing",
      blockers: [{ reason: "NoMetrics", message: expect.stringMatching(/pod web-\S+: http_requests_total/) }],
    });
    traffic.problems.clear();
    until(simulation, "Healthy");
  });

  test("paused for a person, it breaks after an hour: it is rejected within two minutes", () => {
    const steps = [{ setWeight: 25 }, { pause: {} }];
    const { simulation, traffic } = withTraffic({}, judged({}, { steps }));
    simulation.edit(good);
    until(simulation, "Paused");
    simulation.pass(3600);
    expect(simulation.app.status).toMatchObject({ analysis: { metrics: [{ verdict: "Passed" }] } });
    traffic.failing = { "good:1": 0.1 };
    expect(until(simulation, "Degraded")).toBeLessThanOrEqual(120);
  });

  test("the process is killed after each look: it passes, only later", () => {
    const { simulation } = withTraffic({});
    simulation.edit(good);
    do {
      simulation.pass(10);
      simulation.reconcile(0);
      simulation.settle();
    } while (simulation.app.status?.phase !== "Healthy");
    expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: good });
  });

  test("the clock of the leader before was an hour ahead: the evidence goes on at once", () => {
    const { simulation } = withTraffic({});
    simulation.edit(good);
    simulation.pass(90);
    const { status: { analysis, ...status } = {} } = simulation.app;
    if (analysis === undefined) throw new Error("nothing was counted");
    const later = timestamp(simulation.nowMs + 3_600_000);
    simulation.app = { ...simulation.app, status: { ...status, analysis: { ...analysis, at: later } } };
    simulation.reconcile(0);
    expect(until(simulation, "Healthy")).toBeLessThan(400);
  });

  test("the status is wiped in the middle: the evidence starts anew, and the step stays", () => {
    const { simulation } = withTraffic({});
    simulation.edit(good);
    simulation.pass(90);
    const before = simulation.app.status?.step;
    simulation.wipeStatus();
    simulation.reconcile(0);
    simulation.settle();
    expect(simulation.app.status?.step?.startedAt).toBe(before?.startedAt);
    expect(simulation.app.status?.analysis).toBeUndefined();
    until(simulation, "Healthy");
  });

  test("the analysis is edited in the middle: the evidence starts anew, and the step stays", () => {
    const { simulation } = withTraffic({});
    simulation.edit(good);
    simulation.pass(90);
    expect(simulation.app.status?.analysis?.since).toBeDefined();
    const before = simulation.app.status?.step;
    simulation.edit({ analysis: { errors: { max: "2%" } } });
    simulation.settle();
    expect(simulation.app.status).toMatchObject({ step: { startedAt: before?.startedAt } });
    expect(simulation.app.status?.analysis).toBeUndefined();
    until(simulation, "Healthy");
  });

  test("rollback.automatic false: a person decides, and the numbers are in the message", () => {
    const { simulation } = withTraffic({ "good:1": 0.1 }, { ...judged(), rollback: { automatic: false } });
    simulation.edit(good);
    until(simulation, "Paused");
    expect(simulation.app.status?.message).toMatch(/failed: \d+ of \d+ requests failed \(/);
  });

  test("the status is written at most every 30 s while no verdict changes", () => {
    const steps = [{ setWeight: 25 }, { pause: {} }];
    const { simulation } = withTraffic({}, judged({}, { steps }));
    simulation.edit(good);
    until(simulation, "Paused");
    simulation.pass(600);
    const writes = new Set<object | undefined>();
    for (let n = 0; n < 60; n += 1) {
      simulation.pass(5);
      writes.add(simulation.app.status);
    }
    expect(writes.size).toBeLessThanOrEqual(11);
  });

  test("a new version in the middle starts without evidence", () => {
    const { simulation } = withTraffic({ "good:1": 0.005 });
    simulation.edit(good);
    simulation.pass(90);
    simulation.edit({ image: "good:2" });
    simulation.pass(60);
    expect(simulation.app.status?.analysis).toMatchObject({ rollout: 3 });
    until(simulation, "Healthy");
    expect(simulation.app.status?.stable).toMatchObject({ image: "good:2" });
  });
});

describe("blue-green with analysis", () => {
  const blueGreen = {
    strategy: { type: "BlueGreen" as const, blueGreen: { holdSeconds: 30 } },
    analysis: {},
  };

  test("a version that fails 10 % loses the traffic in the hold", () => {
    const { simulation } = withTraffic({ "good:1": 0.1 }, blueGreen);
    simulation.edit(good);
    until(simulation, "Degraded");
    expect(simulation.app.status).toMatchObject({
      stable: { image: "good:0" },
      rejected: [{ reason: "TooManyErrors", message: expect.stringContaining("limit 1 %") }],
    });
  });

  test("the hold of a good version lasts until the evidence is enough", () => {
    const { simulation } = withTraffic({}, blueGreen);
    simulation.edit(good);
    simulation.pass(75);
    expect(simulation.app.status).toMatchObject({
      phase: "Progressing",
      step: { name: "hold 30 s" },
      message: expect.stringContaining("waits for evidence"),
    });
    until(simulation, "Healthy");
    expect(simulation.app.status?.stable?.image).toBe("good:1");
  });
});
