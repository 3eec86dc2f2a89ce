import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { annotations } from "../../../operator/api/names.ts";
import { startLoad } from "../load.ts";
import {
  blueGreen as strategy,
  expectStableAlone,
  stablePods,
  switchTraffic,
  waiting,
} from "../steppedrollouts.ts";
import { TestNamespace } from "../testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("bluegreen", "exclusive");
  await ns.apply("web", { strategy });
  await ns.healthy("web");
});
afterAll(() => ns.close());

describe("the operator is killed", () => {
  test("a preview waits, and then a hold is aborted: its successor moves the traffic back, and no stable pod ends", async () => {
    const stable = await stablePods(ns, "web");
    const { spec } = await ns.service("web");
    const stopLoad = await startLoad(ns.cluster, `http://${spec.clusterIP}/`);
    await ns.apply("web", { strategy, image: ns.images.second });
    await waiting(ns, "web");
    await ns.operator.killLeader();
    await ns.operator.ready();
    await switchTraffic(ns, "web");
    await ns.annotate("web", `${annotations.abort}=2`);
    await ns.operator.killLeader();
    const { status } = await ns.phase("web", "Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "Aborted" }]);
    await expectStableAlone(ns, "web");
    expect((await stopLoad()).failures).toEqual([]);
    expect(await stablePods(ns, "web")).toEqual(stable);
    await ns.operator.ready();
  });

  test("the traffic is held, and then stable pods are replaced: its successor ends the rollout, and every request is answered", async () => {
    const { spec } = await ns.service("web");
    const stopLoad = await startLoad(ns.cluster, `http://${spec.clusterIP}/`);
    const env = [{ name: "LOG_LEVEL", value: "warn" }];
    await ns.apply("web", { strategy, image: ns.images.second, env });
    await switchTraffic(ns, "web");
    await ns.operator.killLeader();
    await ns.operator.ready();
    await ns.annotate("web", `${annotations.promote}=3/all`);
    await ns.phase("web", "Promoting");
    await ns.operator.killLeader();
    const { status } = await ns.healthy("web");
    expect(status.history[0]).toMatchObject({ rollout: 3, outcome: "Accepted" });
    await expectStableAlone(ns, "web");
    expect((await stopLoad()).failures).toEqual([]);
    expect(await ns.podImages("web")).toEqual([ns.images.second]);
    await ns.operator.ready();
  });
});
