import { expect, test } from "@jest/globals";
import { spec } from "./objects.ts";
import { Simulation } from "./simulation/simulation.ts";

const noChecks = { onWrite: () => undefined, onPhase: () => undefined };

const installed = (fields: object = {}): Simulation => {
  const simulation = new Simulation(
    spec({
      image: "good:0",
      replicas: 4,
      progressDeadlineSeconds: 60,
      strategy: { type: "Canary" },
      ...fields,
    }),
    noChecks,
  );
  simulation.settle();
  simulation.pass(120);
  expect(simulation.app.status?.stable?.image).toBe("good:0");
  return simulation;
};

const line = (s: Simulation): string => {
  const { pods, deployments, service } = s.observe();
  const of = (track: string) => pods.filter((p) => p.track === track);
  const { annotations = {} } = deployments.candidate?.metadata ?? {};
  return [
    (s.nowMs / 1000) % 10000,
    s.app.status?.phase,
    `S${of("stable").filter((p) => p.ready).length}/${of("stable").length}`,
    `C${of("candidate").filter((p) => p.ready).length}/${of("candidate").length}`,
    JSON.stringify((service?.["spec"] as { selector: object }).selector).includes("track") ? "one" : "both",
    annotations["demoapp.dev/step"],
    s.app.status?.message,
  ].join(" ");
};

test("try", () => {
  const s = installed();
  const log: string[] = [];
  s.edit({ image: "good:1" });
  for (let i = 0; i < 260; i += 1) {
    s.pass(1);
    const l = line(s);
    if (l.slice(5) !== log.at(-1)?.slice(5)) log.push(l);
  }
  s.edit({ image: "crash:1" });
  for (let i = 0; i < 100; i += 1) {
    s.pass(1);
    const l = line(s);
    if (l.slice(5) !== log.at(-1)?.slice(5)) log.push(l);
  }
  console.log(log.join("\n"));
});
