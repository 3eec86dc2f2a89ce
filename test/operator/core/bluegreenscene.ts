import { expect } from "@jest/globals";
import { fieldsOf } from "../../sim/apiserver/json.ts";
import { installed } from "./canaryscene.ts";
import type { Simulation } from "./simulation/simulation.ts";

/** The strategy BlueGreen, without a person and with a hold of 30 s. */
export const blueGreen = (fields: object = {}) => ({
  strategy: { type: "BlueGreen" as const, blueGreen: { holdSeconds: 30, ...fields } },
});

/** The track that the Service selects. */
export const traffic = ({ cluster }: Simulation): unknown =>
  fieldsOf(fieldsOf(cluster.get("Service", "web")?.["spec"])["selector"])["demoapp.dev/track"];

/** The app with a preview of good:1 that waits for a person. */
export function previewed(fields: object = {}): Simulation {
  const simulation = installed({ ...blueGreen({ autoPromote: false, ...fields }) });
  simulation.edit({ image: "good:1" });
  simulation.pass(60);
  expect(simulation.app.status).toMatchObject({
    phase: "Paused",
    step: { index: 2, total: 5, name: "promotion" },
  });
  return simulation;
}

/** The app in the hold of good:1, which has the traffic. */
export function held(): Simulation {
  const simulation = previewed({ holdSeconds: 300 });
  simulation.annotate("promote", "2/2");
  simulation.pass(60);
  expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 5, name: "hold 300 s" } });
  expect(traffic(simulation)).toBe("candidate");
  return simulation;
}
