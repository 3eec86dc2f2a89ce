import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { floorOf, rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { canonical } from "../../../operator/core/hash.ts";
import { numberOf } from "../../sim/apiserver/json.ts";
import { availableAtMs, isActive, limitsOf, replicasOf, specOf } from "../../sim/controllers/workload.ts";
import { spec } from "./objects.ts";
import { planOf } from "./situations.ts";
import { command } from "./simulation/commands.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { specs } from "./simulation/specs.ts";
import { Simulation } from "./simulation/simulation.ts";

const histories = fc.tuple(specs, fc.array(command, { maxLength: 25 }));

function simulate(fields: object): Simulation {
  const simulation = new Simulation(spec({ image: "good:0", ...fields }), new InvariantChecker());
  simulation.settle();
  return simulation;
}

function availablePods({ deployment, pods, nowMs }: Simulation): number {
  const minReadySeconds = deployment ? numberOf(specOf(deployment)["minReadySeconds"]) : 0;
  return pods.filter((pod) => isActive(pod) && availableAtMs(pod, minReadySeconds) <= nowMs).length;
}

/** The number of pods that must stay available: the minimum of the available pods and of the floors of old and new spec. */
function requiredPods(simulation: Simulation): number {
  const { deployment, app } = simulation;
  const { replicas } = app.spec ?? spec();
  const deployed = deployment ? replicasOf(deployment) - limitsOf(deployment).unavailable : 0;
  return Math.min(
    availablePods(simulation),
    deployed,
    floorOf(replicas, rollingUpdateOf(app.spec ?? spec())),
  );
}

/** Resumes the app, then lets more time pass than every deadline and every container start takes. */
function waitUntilIdle(simulation: Simulation): void {
  simulation.refusedKind = undefined;
  simulation.resumeWatches();
  simulation.edit({ suspend: false });
  simulation.annotate("paused", "false");
  simulation.pass(300);
}

/** By default the same histories in every run: a rare one must not fail a change that has nothing to do with it. */
const { ROLLOUTS_SEED = "1", ROLLOUTS_RUNS = "40" } = process.env;
const runs = { seed: Number(ROLLOUTS_SEED), numRuns: Number(ROLLOUTS_RUNS) };

test("random commands: the invariants hold at every write and at every phase change", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const simulation = simulate(fields);
      for (const run of commands) {
        run(simulation);
        const required = requiredPods(simulation);
        simulation.settle();
        if (simulation.deployment) expect(availablePods(simulation)).toBeGreaterThanOrEqual(required);
      }
      waitUntilIdle(simulation);
    }),
    runs,
  );
});

const withoutTimes = (status: DemoAppStatus | undefined): unknown =>
  JSON.parse(
    JSON.stringify(status, (key, value: unknown) => (/^(since|lastTransitionTime)$/.test(key) ? "" : value)),
  );

test("no more commands follow random commands: the plan is empty, and a deleted status is rebuilt unchanged", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const simulation = simulate(fields);
      for (const run of commands) {
        run(simulation);
        simulation.settle();
      }
      waitUntilIdle(simulation);
      const { app, nowMs } = simulation;
      fc.pre(!app.spec?.image.startsWith("flap"));
      const observed = simulation.observe();
      const last = planOf(observed, nowMs);
      expect(last.actions).toEqual([]);
      expect(last.events).toEqual([]);
      expect(canonical(last.status)).toBe(canonical(app.status));
      const rebuilt = planOf({ ...observed, app: { ...app, status: undefined } }, nowMs).status;
      // An exceeded deadline is measured from the status: without status the current step starts over.
      const reasons = [...(last.status.conditions ?? []), ...(last.status.blockers ?? [])];
      fc.pre(reasons.every(({ reason }) => reason !== "DeadlinePassed"));
      expect(withoutTimes(rebuilt)).toEqual(withoutTimes(app.status));
    }),
    runs,
  );
});

test("the same observation at the same time: the plan is the same, and the observation is not changed", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const simulation = simulate(fields);
      for (const run of commands) {
        run(simulation);
        const { nowMs } = simulation;
        const observed = simulation.observe();
        const before = canonical(observed);
        const first = planOf(observed, nowMs);
        expect(planOf(structuredClone(observed), nowMs)).toEqual(first);
        expect(canonical(observed)).toBe(before);
        simulation.settle();
      }
    }),
    { numRuns: 20 },
  );
});

test("the simulation: a good image is installed, a bad one is rejected, and the next good one is accepted", () => {
  const simulation = simulate({ replicas: 2, progressDeadlineSeconds: 60 });
  simulation.pass(10);
  expect(simulation.app.status?.phase).toBe("Healthy");
  simulation.edit({ image: "crash:1" });
  simulation.pass(300);
  expect(simulation.app.status).toMatchObject({
    phase: "Degraded",
    stable: { image: "good:0" },
    rejected: [{ image: "crash:1", reason: "CrashLoop", rollout: 2 }],
  });
  simulation.edit({ image: "good:1" });
  simulation.pass(20);
  expect(simulation.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1", rollout: 3 } });
});
