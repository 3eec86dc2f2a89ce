import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLoad } from "./load.ts";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("rolling");
});
afterAll(() => ns.close());

describe("a rolling update", () => {
  test("under load: every request is answered", async () => {
    await ns.apply("web", { replicas: 3 });
    await ns.healthy("web");
    const { spec } = await ns.service("web");
    const stopLoad = await startLoad(ns.cluster, `http://${spec.clusterIP}/`);
    await ns.apply("web", { replicas: 3, image: ns.images.second });
    const { status } = await ns.healthy("web");
    const report = await stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.resets).toBeLessThanOrEqual(Math.max(1, report.requests / 1000));
    expect(report.requests).toBeGreaterThan(100);
    expect(Object.keys(report.versions).toSorted()).toEqual(["1.0.0", "1.1.0"]);
    expect(await ns.podImages("web")).toEqual([ns.images.second]);
    expect(status.history.map(({ outcome, rollout }) => [rollout, outcome])).toEqual([
      [2, "Accepted"],
      [1, "Accepted"],
    ]);
  });

  test("at any time: at least spec.replicas pods are available", async () => {
    let fewest = Infinity;
    const count = async (): Promise<void> => {
      const { availableReplicas = 0 } = (await ns.deployment("web")).status;
      fewest = Math.min(fewest, availableReplicas);
    };
    await ns.apply("web", {
      replicas: 3,
      image: ns.images.second,
      env: [{ name: "LOG_LEVEL", value: "warn" }],
    });
    await ns.phase("web", "Progressing");
    await ns.eventually("the rollout has ended", async () => {
      await count();
      return (await ns.app("web")).status?.phase === "Healthy" ? true : undefined;
    });
    expect(fewest).toBe(3);
  });
});

describe("an app", () => {
  test("kubectl scale: changes the number of pods without a rollout", async () => {
    const { status: before } = await ns.app("web");
    await ns.kubectl("scale", "demoapp", "web", "--replicas=1");
    await ns.until("web", ({ status }) => status.phase === "Healthy" && status.replicas === 1);
    const { status, spec } = await ns.healthy("web");
    expect(spec.replicas).toBe(1);
    expect(status.stable).toEqual(before?.stable);
    expect(await ns.pods("web")).toHaveLength(1);
  });

  test("the annotation restart-at: restarts the pods once", async () => {
    const [before] = await ns.pods("web");
    const at = new Date().toISOString();
    await ns.annotate("web", `demoapp.dev/restart-at=${at}`);
    await ns.eventually("a new pod serves", async () => {
      const [pod, ...more] = await ns.pods("web");
      return more.length === 0 && pod?.metadata.uid !== before?.metadata.uid ? true : undefined;
    });
    const { status } = await ns.healthy("web");
    expect(status.stable?.rollout).toBe(3);
    const [after] = await ns.pods("web");
    await ns.annotate("web", "demoapp.dev/restart-at=2020-01-01T00:00:00Z");
    await ns.kubectl("annotate", "demoapp", "web", "demoapp.dev/restart-at-");
    await ns.kubectl("scale", "demoapp", "web", "--replicas=2");
    await ns.until("web", ({ status: { phase, replicas } }) => phase === "Healthy" && replicas === 2);
    expect((await ns.pods("web")).map(({ metadata }) => metadata.uid)).toContain(after?.metadata.uid);
  });

  test("suspended: the operator changes nothing until it is resumed", async () => {
    await ns.apply("web", { suspend: true, image: ns.images.first });
    await ns.phase("web", "Suspended");
    const before = await ns.deployment("web");
    await ns.kubectl("scale", "deployment", "web", "--replicas=1");
    // The operator has seen the manual change: it reports the new number of replicas.
    await ns.until("web", ({ status: { phase, replicas } }) => phase === "Suspended" && replicas === 1);
    expect((await ns.deployment("web")).spec.replicas).toBe(1);
    expect(before.spec.template.spec.containers[0]?.image).toBe(ns.images.second);
    await ns.apply("web", { suspend: false, image: ns.images.first });
    await ns.healthy("web");
    expect(await ns.podImages("web")).toEqual([ns.images.first]);
    expect(await ns.pods("web")).toHaveLength(2);
  });
});
