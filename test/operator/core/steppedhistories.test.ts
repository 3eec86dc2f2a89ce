import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { spec } from "./objects.ts";
import { planOf } from "./situations.ts";
import { steppedCommand } from "./simulation/commands.ts";
import { InvariantChecker } from "./simulation/invariants.ts";
import { steppedSpecs } from "./simulation/specs.ts";
import { Simulation } from "./simulation/simulation.ts";

const histories = fc.tuple(steppedSpecs, fc.array(steppedCommand, { maxLength: 25 }));

/** By default the same histories in every run: a rare one must not fail a change that has nothing to do with it. */
const { ROLLOUTS_SEED = "1", ROLLOUTS_RUNS = "40" } = process.env;
const runs = { seed: Number(ROLLOUTS_SEED), numRuns: Number(ROLLOUTS_RUNS) };

/** Resumes and promotes the app, then lets more time pass than every deadline, pause and container start takes. */
function waitUntilIdle(simulation: Simulation): void {
  simulation.refusedKind = undefined;
  simulation.resumeWatches();
  simulation.edit({ suspend: false });
  simulation.annotate("paused", "false");
  const newest = Math.max(0, ...simulation.revisions.map(({ rollout }) => rollout));
  simulation.annotate("promote", `${newest}/all`);
  simulation.pass(600);
  const last = Math.max(0, ...simulation.revisions.map(({ rollout }) => rollout));
  simulation.annotate("promote", `${last}/all`);
  simulation.pass(600);
}

test("random commands on rollouts with steps: the invariants hold, and a rest is reached in the end", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const simulation = new Simulation(spec({ image: "good:0", ...fields }), new InvariantChecker());
      simulation.settle();
      for (const run of commands) {
        run(simulation);
        simulation.settle();
      }
      waitUntilIdle(simulation);
      const { app, nowMs, candidate } = simulation;
      fc.pre(!app.spec?.image.startsWith("flap"));
      const last = planOf(simulation.observe(), nowMs);
      expect(last.actions).toEqual([]);
      expect(last.events).toEqual([]);
      const { candidate: open, stable, rejected = [] } = app.status ?? {};
      if (open === undefined) expect(candidate).toBeUndefined();
      const image = app.spec?.image ?? "";
      const isWorking = image.startsWith("good") && !rejected.some((one) => one.image === image);
      if (isWorking && app.spec?.replicas !== 0)
        expect({ phase: app.status?.phase, image: stable?.image }).toEqual({ phase: "Healthy", image });
    }),
    runs,
  );
}, 120_000);
