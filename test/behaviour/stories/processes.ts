import { expect } from "@jest/globals";
import { kinds } from "../../e2e/kinds.ts";
import { image } from "../world.ts";
import { outcomes } from "./rollouts.ts";
import type { Story } from "./story.ts";

export const processes: readonly Story[] = [
  {
    name: "an operator that is started when all is as it should be writes nothing",
    run: async (world) => {
      const operator = await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      await world.quiet(operator);
      await operator.stop();
      const next = await world.startOperator();
      await world.eventually("it is ready", async () => (next.isReady ? true : undefined));
      await world.quiet(next);
      expect(next.writes).toEqual([]);
    },
  },
  {
    name: "the next operator goes on with the rollout in whose middle the last one was killed",
    run: async (world) => {
      const first = await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      world.behaviours.set(image("2"), { does: "ready", afterMs: 2_000 });
      await world.apply({ image: image("2") });
      await world.phase("Progressing");
      await first.kill();
      await world.startOperator();
      await world.phase("Healthy");
      expect(await outcomes(world)).toEqual([
        [2, "Accepted"],
        [1, "Accepted"],
      ]);
    },
  },
  {
    name: "of two operators one works, and the other takes over when it stops",
    run: async (world) => {
      const first = await world.startOperator({ identity: "first" });
      await world.apply();
      await world.phase("Healthy");
      const second = await world.startOperator({ identity: "second" });
      await world.apply({ image: image("2") });
      await world.phase("Healthy");
      await world.quiet(first);
      expect(second.writes).toEqual([]);
      await first.stop();
      await world.apply({ image: image("3") });
      await world.until(({ status }) => status.phase === "Healthy" && status.stable?.image === image("3"));
      expect(second.writes).toContain("PATCH deployments");
    },
  },
  {
    name: "the second operator takes over from one that was killed",
    run: async (world) => {
      const first = await world.startOperator({ identity: "first" });
      await world.apply();
      await world.phase("Healthy");
      await world.startOperator({ identity: "second" });
      await first.kill();
      await world.apply({ image: image("2") });
      await world.phase("Healthy");
      expect(await outcomes(world)).toEqual([
        [2, "Accepted"],
        [1, "Accepted"],
      ]);
    },
  },
  {
    name: "an operator without permission to see DemoApps says so once, is not ready, and works once it has it",
    run: async (world) => {
      const allow = await world.ground.forbid(kinds.DemoApp, ["list", "watch"]);
      const operator = await world.startOperator();
      await world.apply();
      await world.eventually("it has tried again", async () =>
        operator.log.some(({ msg }) => msg === "still can't follow") ? true : undefined,
      );
      expect(operator.isReady).toBe(false);
      expect(operator.logged("error")).toMatchObject([{ resource: "demoapps" }]);
      await allow();
      await world.phase("Healthy");
      expect(operator.isReady).toBe(true);
    },
  },
];
