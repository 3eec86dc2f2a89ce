import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { canary as strategy, expectStableAlone, promote, waiting } from "../steppedrollouts.ts";
import { startLoad } from "../load.ts";
import { kinds } from "../../../tools/objects.ts";
import { TestNamespace } from "../testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("canary", "exclusive");
  await ns.apply("web", { strategy });
  await ns.healthy("web");
});
afterAll(() => ns.close());

describe("the operator is killed", () => {
  test("a canary waits, and then it is promoted: its successor ends the rollout, and every request is answered", async () => {
    const { spec } = await ns.service("web");
    const stopLoad = await startLoad(ns.cluster, `http://${spec.clusterIP}/`);
    await ns.apply("web", { strategy, image: ns.images.second });
    const waits = await waiting(ns, "web");
    await ns.operator.killLeader();
    await ns.operator.ready();
    await promote(ns, waits);
    await ns.phase("web", "Promoting");
    await ns.operator.killLeader();
    const { status } = await ns.healthy("web");
    await expectStableAlone(ns, "web");
    expect((await stopLoad()).failures).toEqual([]);
    expect(status.history[0]).toMatchObject({ rollout: 2, outcome: "Accepted" });
    expect(await ns.podImages("web")).toEqual([ns.images.second]);
    await ns.operator.ready();
  });

  test("a canary crashes: its successor rejects the version, and every request is answered", async () => {
    const { spec } = await ns.service("web");
    const stopLoad = await startLoad(ns.cluster, `http://${spec.clusterIP}/`);
    await ns.apply("web", { strategy, env: [{ name: "PORT", value: "none" }] });
    await ns.eventually("the candidate has a Deployment", async () =>
      (await ns.exists(kinds.Deployment, "web-candidate")) ? true : undefined,
    );
    await ns.operator.killLeader();
    const { status } = await ns.phase("web", "Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 3, reason: "CrashLoop" }]);
    await expectStableAlone(ns, "web");
    expect((await stopLoad()).failures).toEqual([]);
    expect(await ns.podImages("web")).toEqual([ns.images.second]);
    await ns.operator.ready();
  });
});
