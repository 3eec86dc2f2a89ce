import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Scene } from "./scene.ts";

let scene: Scene;
let missing: string;

beforeAll(async () => {
  scene = await Scene.open("rollback");
  missing = scene.images.first.replace(/:1\.0\.0@.*/, ":9.9.9");
  await Promise.all(bad().map(({ name }) => scene.apply(name)));
  await Promise.all(bad().map(({ name }) => scene.healthy(name)));
});
afterAll(() => scene.close());

/** Bad versions: what the spec then asks for, and what is said about it. */
const bad = () => [
  { name: "no-image", spec: { image: missing }, reason: "ImageNotFound", says: /9\.9\.9/ },
  {
    name: "crashes",
    spec: { env: [{ name: "FAULT_CRASH_AFTER_SECONDS", value: "0.1" }], minReadySeconds: 3 },
    reason: "CrashLoop",
    says: /exit code 1/,
  },
  {
    name: "bad-config",
    spec: { env: [{ name: "PORT", value: "none" }] },
    reason: "CrashLoop",
    says: /exit code \d+: .*PORT/s,
  },
  {
    name: "not-ready",
    spec: { env: [{ name: "FAULT_NOT_READY", value: "true" }], progressDeadlineSeconds: 5 },
    reason: "NotReadyByDeadline",
    says: /within 5 s/,
  },
];

describe("a version that is bad by itself is rejected, and the last good one goes on serving:", () => {
  test.concurrent.each(["no-image", "crashes", "bad-config", "not-ready"])("%s", async (name) => {
    const { spec, reason, says } = bad().find((one) => one.name === name) ?? {};
    await scene.apply(name, spec);
    let fewest = Infinity;
    const { status } = await scene.eventually(
      `${name} is rolled back`,
      async () => {
        fewest = Math.min(fewest, (await scene.deployment(name)).status.availableReplicas ?? 0);
        const { status } = await scene.app(name);
        return status?.phase === "Degraded" && status.rejected?.length === 1 ? { status } : undefined;
      },
      90_000,
    );
    expect(fewest).toBe(2);
    expect(status.rejected).toMatchObject([
      { rollout: 2, reason, message: expect.stringMatching(says ?? "") },
    ]);
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Stalled", status: "True" }));
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Available", status: "True" }));
    expect(status.blockers?.[0]).toMatchObject({
      reason: "RevisionRejected",
      next: expect.stringContaining(`annotate demoapp ${name} --overwrite demoapp.dev/retry=2`),
    });
    expect(await scene.runs(name)).toEqual([scene.images.first]);
  });

  test("it is not tried again by itself, and a good version ends it", async () => {
    await scene.apply("crashes", { image: scene.images.second });
    const { status } = await scene.healthy("crashes");
    // Every try takes a number: one more in between would have made this the fourth.
    expect(status.history.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
      [3, "Accepted"],
      [2, "Rejected"],
      [1, "Accepted"],
    ]);
    expect(status.blockers).toEqual([]);
  });
});

describe("an act by rollout number:", () => {
  test("a retried revision that fails again is not tried again while the annotation stays", async () => {
    await scene.annotate("bad-config", "demoapp.dev/retry=2");
    await scene.until(
      "bad-config",
      ({ status }) => status.phase === "Degraded" && status.rejected.some(({ rollout }) => rollout === 3),
    );
    await scene.kubectl("scale", "demoapp", "bad-config", "--replicas=3");
    const { status } = await scene.until("bad-config", ({ status }) => status.replicas === 3);
    expect(status.candidate).toBeUndefined();
    expect(Math.max(...status.history.map(({ rollout }) => rollout))).toBe(3);
    expect(await scene.runs("bad-config")).toEqual([scene.images.first]);
  });

  test("a retried revision that has become good is accepted", async () => {
    await scene.kubectl("create", "configmap", "switch", "--from-literal=off=true");
    await scene.apply("not-ready", {
      env: [{ name: "FAULT_NOT_READY", valueFrom: { configMapKeyRef: { name: "switch", key: "off" } } }],
      progressDeadlineSeconds: 5,
    });
    const { status } = await scene.until(
      "not-ready",
      ({ status: { rejected } }) => rejected.length === 2,
      90_000,
    );
    const rollout = Math.max(...status.rejected.map((one) => one.rollout));
    await scene.kubectl("delete", "configmap", "switch");
    await scene.kubectl("create", "configmap", "switch", "--from-literal=off=false");
    await scene.annotate("not-ready", `demoapp.dev/retry=${rollout}`);
    const healthy = await scene.healthy("not-ready");
    expect(healthy.status.stable?.rollout).toBe(rollout + 1);
  });

  test("an abort goes back at once and is remembered", async () => {
    const env = [{ name: "FAULT_NOT_READY", value: "true" }];
    await scene.apply("crashes", { image: scene.images.first, env, progressDeadlineSeconds: 600 });
    const { status } = await scene.phase("crashes", "Progressing");
    await scene.annotate("crashes", `demoapp.dev/abort=${status.candidate?.rollout}`);
    const after = await scene.phase("crashes", "Degraded");
    expect(after.status.rejected.map(({ reason }) => reason)).toContain("Aborted");
    expect(await scene.runs("crashes")).toEqual([scene.images.second]);
  });
});
