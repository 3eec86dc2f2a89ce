import { expect } from "@jest/globals";
import { kinds } from "../../../tools/objects.ts";
import { image } from "../environment.ts";
import type { Scenarios } from "./all.ts";

export const processes: Scenarios = {
  "an operator starts and nothing has to change: it writes nothing": async (env) => {
    const operator = await env.install();
    await env.quiet(operator);
    await operator.stop();
    const next = await env.startIdleOperator();
    expect(next.writes).toEqual([]);
  },

  "an operator is killed during a rollout: its successor continues the rollout": async (env) => {
    const operator = await env.install();
    env.behaviours.set(image("2"), { does: "ready", afterMs: 15_000 });
    await env.deploy({ image: image("2") }, "Progressing");
    await operator.kill();
    await env.startOperator();
    await env.phase("Healthy");
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
  },

  "two operators run: one works, the other one takes over when it stops": async (env) => {
    // A busy machine must not let the lease expire: the second operator would then write.
    const leaseDurationMs = 60_000;
    const first = await env.install({}, { identity: "first", leaseDurationMs });
    const second = await env.startOperator({ identity: "second", leaseDurationMs });
    await env.deploy({ image: image("2") });
    await env.quiet(first);
    expect(second.writes).toEqual([]);
    await first.stop();
    await env.apply({ image: image("3") });
    await env.until(({ status }) => status.phase === "Healthy" && status.stable?.image === image("3"));
    expect(second.writes).toContain("PATCH deployments");
  },

  "two operators run and the leader is killed: the other one takes over": async (env) => {
    const first = await env.install({}, { identity: "first" });
    await env.startOperator({ identity: "second" });
    await first.kill();
    await env.deploy({ image: image("2") });
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
  },

  "the operator may not list DemoApps: one error, not ready until it may": async (env) => {
    const allow = await env.setup.denyAccess(kinds.DemoApp, ["list", "watch"]);
    const operator = await env.startOperator();
    await env.apply();
    await env.eventually("a second attempt", async () =>
      operator.log.some(({ msg }) => msg === "list or watch still fails, retrying"),
    );
    expect(operator.isReady).toBe(false);
    expect(operator.logged("error")).toMatchObject([{ resource: "demoapps" }]);
    await allow();
    await env.phase("Healthy");
    expect(operator.isReady).toBe(true);
  },
};
