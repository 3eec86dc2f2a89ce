import { expect } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { installed } from "./canaryscene.ts";
import type { Simulation } from "./simulation/simulation.ts";
import { Traffic } from "./simulation/traffic.ts";

const steps = [{ setWeight: 25 }, { analysis: {} }, { setWeight: 50 }, { pause: { seconds: 60 } }];

/** A canary that is judged by its requests. */
export const judged = (analysis: object = {}, canary: object = {}) => ({
  strategy: { type: "Canary" as const, canary: { maxSurge: 1, steps, ...canary } },
  analysis,
});

/** A simulation with requests, in which the images fail the given shares of requests. */
export function withTraffic(failing: Readonly<Record<string, number>>, fields: object = judged()) {
  const simulation = installed(fields);
  const traffic = new Traffic(simulation.nowMs);
  traffic.failing = failing;
  simulation.traffic = traffic;
  simulation.pass(30);
  return { simulation, traffic };
}

/** Lets time pass until the app is in a phase, at most an hour. Returns the seconds that it took. */
export function until(simulation: Simulation, phase: DemoAppStatus["phase"]): number {
  for (let seconds = 5; seconds <= 3600; seconds += 5) {
    simulation.pass(5);
    if (simulation.app.status?.phase === phase) return seconds;
  }
  expect(simulation.app.status).toMatchObject({ phase });
  return Infinity;
}
