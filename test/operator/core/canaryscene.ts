import { expect } from "@jest/globals";
import { spec } from "./objects.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { Simulation } from "./simulation/simulation.ts";

const steps = [{ setWeight: 20 }, { pause: {} }, { setWeight: 80 }, { pause: {} }];

/** The strategy Canary with steps that wait for a person at 20 and at 80 percent. */
export const canary = (fields: object = {}) => ({
  strategy: { type: "Canary" as const, canary: { maxSurge: 1, steps, ...fields } },
});

/** An app with the image good:0, some minutes after its installation. The invariants are checked at each turn. */
export function installed(fields: object = {}): Simulation {
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
export function ready(simulation: Simulation): { stable: number; candidate: number } {
  const pods = simulation.observe().pods.filter((pod) => pod.ready);
  const on = (track: string): number => pods.filter((pod) => pod.track === track).length;
  return { stable: on("stable"), candidate: on("candidate") };
}

/** The fewest pods that the Service selected in each second. */
export function fewestServing(simulation: Simulation, seconds: number): number {
  const counts = Array.from({ length: seconds }, () => {
    simulation.pass(1);
    return simulation.counted.serving;
  });
  return Math.min(...counts);
}

/** The app in the middle of a canary of good:1 that waits at a step. */
export function waiting(step: 2 | 4, fields: object = {}): Simulation {
  const simulation = installed(fields);
  simulation.edit({ image: "good:1" });
  simulation.pass(30);
  if (step === 4) simulation.annotate("promote", "2/2");
  simulation.pass(60);
  expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: step, total: 4 } });
  return simulation;
}
