import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { canary as strategy, expectStableAlone, promote, waiting } from "./steppedrollouts.ts";
import { sampleLoad, startLoad } from "./load.ts";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("canary");
});
afterAll(() => ns.close());

const urlOf = async (name: string): Promise<string> => `http://${(await ns.service(name)).spec.clusterIP}/`;

/**
 * kube-proxy chooses a pod at random for each connection. By Chernoff's bound, so many choices with a chance of 25 % give
 * a share below 20 % or above 30 % with a probability under 1e-8.
 */
const sampleSize = 3000;

describe("a canary under load", () => {
  test("the version is good: the client's share follows the weight, and every request is answered", async () => {
    await ns.apply("web", { replicas: 3, strategy });
    await ns.healthy("web");
    const url = await urlOf("web");
    const stopLoad = await startLoad(ns.cluster, url);
    await ns.apply("web", { replicas: 3, strategy, image: ns.images.second });
    const waits = await waiting(ns, "web");
    expect(waits.status).toMatchObject({ phase: "Paused", weight: { desired: 25, actual: 25 } });
    // The weight counts the pod from its readiness on, kube-proxy a moment later.
    await ns.eventually("kube-proxy knows the pod of the candidate", async () =>
      "1.1.0" in (await sampleLoad(ns.cluster, url, 20)).versions ? true : undefined,
    );
    const { versions, failures } = await sampleLoad(ns.cluster, url, sampleSize);
    expect(failures).toEqual([]);
    expect(Math.abs(((versions["1.1.0"] ?? 0) / sampleSize) * 100 - 25)).toBeLessThan(5);
    await promote(ns, waits);
    const { status } = await ns.healthy("web");
    await expectStableAlone(ns, "web");
    const report = await stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(100);
    expect(await ns.podImages("web")).toEqual([ns.images.second]);
    expect(status.history.map(({ outcome, rollout }) => [rollout, outcome])).toEqual([
      [2, "Accepted"],
      [1, "Accepted"],
    ]);
  });

  test("the version crashes: it is rejected, its Deployment is deleted, and every request is answered", async () => {
    await ns.apply("crashes", { strategy });
    await ns.healthy("crashes");
    const stopLoad = await startLoad(ns.cluster, await urlOf("crashes"));
    await ns.apply("crashes", { strategy, env: [{ name: "PORT", value: "none" }] });
    const { status } = await ns.phase("crashes", "Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "CrashLoop" }]);
    await expectStableAlone(ns, "crashes");
    const report = await stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(100);
    expect(await ns.pods("crashes")).toHaveLength(2);
  });
});
