import { describe, expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { AppMetrics } from "../../../operator/controller/metrics.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { app, at } from "../core/objects.ts";

type Entry = NonNullable<DemoAppStatus["history"]>[number];
const entry = (rollout: number, outcome: string, finishedAt?: string): Entry => ({
  rollout,
  hash: `h${rollout}`,
  image: `app:${rollout}`,
  startedAt: at(0),
  outcome,
  ...(finishedAt !== undefined && { finishedAt }),
});

function scene() {
  const metrics = createMetrics();
  let isLeader = true;
  const subject = new AppMetrics(metrics, () => isLeader);
  const lines = async (name: string): Promise<string[]> =>
    (await metrics.scrape()).split("\n").filter((line) => line.startsWith(name));
  const setLeader = (value: boolean): void => {
    isLeader = value;
  };
  return { subject, lines, setLeader };
}

describe("metrics of the apps", () => {
  test("an app changes its phase: one phase series, and one blocker series per reason", async () => {
    const { subject, lines } = scene();
    const blocker = { object: "Pod/a", reason: "CrashLoop", message: "m", since: at(0), next: "n" };
    subject.observe(app(), { phase: "Healthy" });
    subject.observe(app(), { phase: "Degraded", blockers: [blocker] });
    expect(await lines("demoapp_phase{")).toEqual([
      'demoapp_phase{namespace="team",name="web",phase="Degraded"} 1',
    ]);
    expect(await lines("demoapp_blockers{")).toEqual([
      'demoapp_blockers{namespace="team",name="web",reason="CrashLoop"} 1',
    ]);
  });

  test("a canary: one series of its step and one of its share, until its end", async () => {
    const { subject, lines } = scene();
    const step = { index: 2, total: 4, name: "pause", startedAt: at(0), best: 1, progressAt: at(0) };
    subject.observe(app(), { phase: "Paused", step, weight: { desired: 10, actual: 20 } });
    expect(await lines("demoapp_canary")).toEqual([
      'demoapp_canary_step{namespace="team",name="web"} 2',
      'demoapp_canary_weight_percent{namespace="team",name="web"} 20',
    ]);
    subject.observe(app(), { phase: "Promoting" });
    expect(await lines("demoapp_canary")).toEqual([]);
  });

  test("the app is deleted: its series are removed", async () => {
    const { subject, lines } = scene();
    subject.observe(app(), { phase: "Healthy" });
    subject.forget("team/web");
    expect(await lines("demoapp_phase{")).toEqual([]);
  });

  test("the process is not the leader: no series, so that two processes can't contradict each other", async () => {
    const { subject, lines, setLeader } = scene();
    subject.observe(app(), { phase: "Healthy" });
    setLeader(false);
    expect(await lines("demoapp_phase{")).toEqual([]);
    setLeader(true);
    expect(await lines("demoapp_phase{")).toHaveLength(1);
  });

  test("rollouts end while the operator runs: counted by outcome, also superseded ones", async () => {
    const { subject, lines } = scene();
    subject.observe(app(), { history: [entry(1, "Running")] });
    subject.observe(app(), { history: [entry(2, "Running"), entry(1, "Superseded", at(5))] });
    subject.observe(app(), { history: [entry(2, "Accepted", at(30)), entry(1, "Superseded", at(5))] });
    expect(await lines("demoapp_rollouts_total{")).toEqual([
      'demoapp_rollouts_total{outcome="superseded"} 1',
      'demoapp_rollouts_total{outcome="accepted"} 1',
    ]);
    expect(await lines("demoapp_rollout_duration_seconds_sum")).toContain(
      'demoapp_rollout_duration_seconds_sum{outcome="accepted"} 30',
    );
  });

  test("a rollout ended before the operator started: not counted", async () => {
    const { subject, lines } = scene();
    subject.observe(app(), { history: [entry(1, "Accepted", at(5))] });
    expect(await lines("demoapp_rollouts_total{")).toEqual([]);
  });
});
