import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { DemoAppSpec, DemoAppStatus } from "../../../operator/api/schema.ts";
import { floorOf, rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { canonical } from "../../../operator/core/hash.ts";
import { plan } from "../../../operator/core/plan.ts";
import { spec } from "./objects.ts";
import { command, specs } from "./world/commands.ts";
import { availableIn, boundsOf } from "./world/deployments.ts";
import { Watcher } from "./world/promises.ts";
import { World } from "./world/world.ts";

const histories = fc.tuple(specs, fc.array(command, { maxLength: 25 }));

function worldOf(fields: object): World {
  const world = new World(spec({ image: "good:0", ...fields }), new Watcher());
  world.settle();
  return world;
}

const specOf = ({ app }: World): DemoAppSpec => app.spec ?? spec();
const floorNow = ({ deployment }: World): number => (deployment ? boundsOf(deployment).fewest : 0);

/** Waits long enough for every deadline and every image, with nothing happening from outside. */
function rest(world: World): void {
  world.edit({ suspend: false });
  world.annotate("paused", "false");
  world.pass(300);
}

const runs = { numRuns: 40 };

test("whatever happens, promises hold at every write and every change of phase", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const world = worldOf(fields);
      for (const run of commands) {
        run(world);
        // What was to be kept up until now, or less where less is asked for.
        const floor = Math.min(
          availableIn(world),
          floorNow(world),
          floorOf(specOf(world).replicas, rollingUpdateOf(specOf(world))),
        );
        world.settle();
        if (world.deployment) expect(availableIn(world)).toBeGreaterThanOrEqual(floor);
      }
      rest(world);
    }),
    runs,
  );
});

/** A status without its times. */
const untimed = (status: DemoAppStatus | undefined): unknown =>
  JSON.parse(
    JSON.stringify(status, (key, value: unknown) => (/^(since|lastTransitionTime)$/.test(key) ? "" : value)),
  );

test("when nothing more happens there is nothing more to do, and a wiped status comes back the same", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const world = worldOf(fields);
      for (const run of commands) {
        run(world);
        world.settle();
      }
      rest(world);
      fc.pre(!world.app.spec?.image.startsWith("flap"));
      const observed = world.observe();
      const last = plan(observed, world.nowMs);
      expect(last.actions).toEqual([]);
      expect(last.events).toEqual([]);
      expect(canonical(last.status)).toBe(canonical(world.app.status));
      const bare = { ...observed, app: { ...observed.app, status: undefined } };
      const rebuilt = plan(bare, world.nowMs).status;
      // That a deadline passed is measured from the status; at most the current step starts over.
      const told = [...(last.status.conditions ?? []), ...(last.status.blockers ?? [])];
      fc.pre(told.every(({ reason }) => reason !== "DeadlinePassed"));
      expect(untimed(rebuilt)).toEqual(untimed(world.app.status));
    }),
    runs,
  );
});

test("the same observation at the same moment gives the same plan, and is left as it was", () => {
  fc.assert(
    fc.property(histories, ([fields, commands]) => {
      const world = worldOf(fields);
      for (const run of commands) {
        run(world);
        const observed = world.observe();
        const before = canonical(observed);
        const first = plan(observed, world.nowMs);
        expect(plan(structuredClone(observed), world.nowMs)).toEqual(first);
        expect(canonical(observed)).toBe(before);
        world.settle();
      }
    }),
    { numRuns: 20 },
  );
});

describe("the model itself", () => {
  test("a good image installs, a bad one is rejected and stays so, and the next good one is accepted", () => {
    const world = worldOf({ replicas: 2, progressDeadlineSeconds: 60 });
    world.pass(10);
    expect(world.app.status?.phase).toBe("Healthy");
    world.edit({ image: "crash:1" });
    world.pass(300);
    expect(world.app.status).toMatchObject({
      phase: "Degraded",
      stable: { image: "good:0" },
      rejected: [{ image: "crash:1", reason: "CrashLoop", rollout: 2 }],
    });
    world.edit({ image: "good:1" });
    world.pass(20);
    expect(world.app.status).toMatchObject({ phase: "Healthy", stable: { image: "good:1", rollout: 3 } });
  });
});
