import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { judged, until, withTraffic } from "./analysisscene.ts";

type Scene = ReturnType<typeof withTraffic>;

const command = fc.oneof<fc.Arbitrary<(scene: Scene) => void>[]>(
  fc.integer({ min: 1, max: 60 }).map(
    (seconds) =>
      ({ simulation }) =>
        simulation.pass(seconds),
  ),
  fc.nat(3).map(
    (n) =>
      ({ simulation }) =>
        void simulation.reconcile(n),
  ),
  fc.integer({ min: 1, max: 5 }).map(
    (replicas) =>
      ({ simulation }) =>
        simulation.edit({ replicas }),
  ),
  fc.constantFrom("1%", "2%").map(
    (max) =>
      ({ simulation }) =>
        simulation.edit({ analysis: { errors: { max } } }),
  ),
  fc.constantFrom(0, 1, 20).map(
    (perSecond) =>
      ({ traffic }) =>
        void (traffic.perSecond = perSecond),
  ),
  fc.nat(9).map((n) => ({ simulation: { cluster, pods } }) => {
    const pod = pods[n % Math.max(1, pods.length)];
    if (pod) cluster.delete(pod);
  }),
  fc.constant(({ simulation }: Scene) => simulation.wipeStatus()),
  fc.constant(({ simulation }: Scene) => simulation.silenceWatches()),
  fc.constant(({ simulation }: Scene) => simulation.resumeWatches()),
  fc.constant(({ simulation }: Scene) => {
    const isPaused = simulation.app.annotations["demoapp.dev/paused"] === "true";
    simulation.annotate("paused", String(!isPaused));
  }),
);
const histories = fc.array(command, { maxLength: 20 });

const steps = [{ setWeight: 25 }, { pause: { seconds: 30 } }, { setWeight: 50 }];
const strategies = fc.constantFrom<object[]>(judged({}, { steps }), {
  strategy: { type: "BlueGreen", blueGreen: { holdSeconds: 0 } },
  analysis: {},
});

function run(scene: Scene, commands: readonly ((scene: Scene) => void)[]): void {
  const { simulation, traffic } = scene;
  simulation.edit({ image: "good:1" });
  for (const step of commands) {
    step(scene);
    simulation.settle();
  }
  simulation.resumeWatches();
  simulation.annotate("paused", "false");
  traffic.perSecond = 20;
}

/** By default the same histories in every run: a rare one must not fail a change that has nothing to do with it. */
const runs = {
  seed: Number(process.env["ROLLOUTS_SEED"] ?? 1),
  numRuns: Number(process.env["ROLLOUTS_RUNS"] ?? 20),
};

test("whatever happens, a version that fails 20 % is never accepted, and is rejected in the end", () => {
  fc.assert(
    fc.property(strategies, histories, (fields, commands) => {
      const scene = withTraffic({ "good:1": 0.2 }, fields);
      run(scene, commands);
      until(scene.simulation, "Degraded");
      expect(scene.simulation.app.status).toMatchObject({ stable: { image: "good:0" } });
    }),
    runs,
  );
}, 120_000);

test("whatever happens, a version that fails nothing is accepted in the end", () => {
  fc.assert(
    fc.property(strategies, histories, (fields, commands) => {
      const scene = withTraffic({}, fields);
      run(scene, commands);
      until(scene.simulation, "Healthy");
      expect(scene.simulation.app.status).toMatchObject({ stable: { image: "good:1" } });
      expect(scene.simulation.app.status?.history?.[0]).not.toHaveProperty("reason");
    }),
    runs,
  );
}, 120_000);
