import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { annotations } from "../../operator/api/names.ts";
import { sampleLoad, startLoad } from "./load.ts";
import {
  blueGreen as strategy,
  expectStableAlone,
  stablePods,
  switchTraffic,
  waiting,
} from "./steppedrollouts.ts";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("bluegreen");
  await ns.apply("web", { strategy });
  await ns.healthy("web");
});
afterAll(() => ns.close());

const urlOf = async (name: string): Promise<string> => `http://${(await ns.service(name)).spec.clusterIP}/`;

const sampleSize = 200;

/** Waits until one version sends all responses of a Service: kube-proxy learns of a selector's pods with a delay. */
const responding = (name: string, version: string): Promise<true> =>
  ns.eventually(`${version} sends all responses of ${name}`, async () => {
    const { versions } = await sampleLoad(ns.cluster, await urlOf(name), sampleSize);
    return versions[version] === sampleSize ? true : undefined;
  });

/** The operator's writes of Deployments and Services since a time, in their order. */
const writesSince = async (sinceMs: number): Promise<readonly string[]> =>
  (await ns.operator.writes(sinceMs, ns.namespace)).filter((one) => /^\w+ (deployments|services) /.test(one));

describe("a blue-green rollout under load", () => {
  test("a person promotes and then aborts: all traffic moves and comes back, no request fails, no stable pod ends", async () => {
    const stable = await stablePods(ns, "web");
    const stopLoad = await startLoad(ns.cluster, await urlOf("web"));
    await ns.apply("web", { strategy, image: ns.images.second });
    await waiting(ns, "web");
    await responding("web-preview", "1.1.0");
    await responding("web", "1.0.0");
    await switchTraffic(ns, "web");
    await responding("web", "1.1.0");
    const abortedMs = Date.now();
    await ns.annotate("web", `${annotations.abort}=2`);
    await responding("web", "1.0.0");
    const { status } = await ns.phase("web", "Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "Aborted" }]);
    await expectStableAlone(ns, "web");
    // The way back is the first write, and it waits for no pod.
    const writes = await writesSince(abortedMs);
    expect(writes[0]).toBe("patch services web");
    expect(writes).not.toContain("patch deployments web");
    expect(await stablePods(ns, "web")).toEqual(stable);
    const report = await stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.versions).toMatchObject({ "1.0.0": expect.any(Number), "1.1.0": expect.any(Number) });
  });

  test("a person promotes to the end: the version is accepted and rolled out on the stable track, no request fails", async () => {
    const stopLoad = await startLoad(ns.cluster, await urlOf("web"));
    const env = [{ name: "LOG_LEVEL", value: "warn" }];
    await ns.apply("web", { strategy, image: ns.images.second, env });
    await switchTraffic(ns, "web");
    await responding("web", "1.1.0");
    await ns.annotate("web", `${annotations.promote}=3/all`);
    const { status } = await ns.healthy("web");
    expect(status.history[0]).toMatchObject({ rollout: 3, outcome: "Accepted" });
    await expectStableAlone(ns, "web");
    expect((await stopLoad()).failures).toEqual([]);
    expect(await ns.podImages("web")).toEqual([ns.images.second]);
  });
});
