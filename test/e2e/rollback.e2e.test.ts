import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;
let missing: string;

beforeAll(async () => {
  ns = await TestNamespace.open("rollback");
  missing = ns.images.first.replace(/:1\.0\.0@.*/, ":9.9.9");
  await Promise.all(badVersions().map(({ name }) => ns.apply(name)));
  await Promise.all(badVersions().map(({ name }) => ns.healthy(name)));
});
afterAll(() => ns.close());

/** Bad versions: the changed spec, and the expected reason and message. */
const badVersions = () => [
  {
    name: "no-image",
    spec: { image: missing },
    reason: "ImageNotFound",
    message: /which the registry does not have$/,
  },
  {
    name: "crashes",
    spec: { env: [{ name: "FAULT_CRASH_AFTER_SECONDS", value: "0.1" }], minReadySeconds: 3 },
    reason: "CrashLoop",
    message: /exit code 1$/,
  },
  {
    name: "bad-config",
    spec: { env: [{ name: "PORT", value: "none" }] },
    reason: "CrashLoop",
    message: /exit code \d+$/,
  },
  {
    name: "not-ready",
    spec: { env: [{ name: "FAULT_NOT_READY", value: "true" }], progressDeadlineSeconds: 5 },
    reason: "NotReadyByDeadline",
    message: /within progressDeadlineSeconds 5/,
  },
];

describe("a bad version is rejected, and the stable revision keeps serving:", () => {
  test.concurrent.each(["no-image", "crashes", "bad-config", "not-ready"])("%s", async (name) => {
    const { spec, reason, message } = badVersions().find((one) => one.name === name) ?? {};
    await ns.apply(name, spec);
    let fewest = Infinity;
    const { status } = await ns.eventually(
      `${name} is rolled back`,
      async () => {
        fewest = Math.min(fewest, (await ns.deployment(name)).status.availableReplicas ?? 0);
        const { status } = await ns.app(name);
        return status?.phase === "Degraded" && status.rejected?.length === 1 ? { status } : undefined;
      },
      90_000,
    );
    expect(fewest).toBe(2);
    expect(status.rejected).toMatchObject([
      { rollout: 2, reason, message: expect.stringMatching(message ?? "") },
    ]);
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Stalled", status: "True" }));
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Available", status: "True" }));
    expect(status.blockers?.[0]).toMatchObject({
      reason: "RevisionRejected",
      next: expect.stringContaining(`annotate demoapp ${name} --overwrite demoapp.dev/retry=2`),
    });
    expect(await ns.podImages(name)).toEqual([ns.images.first]);
  });

  test("then a good version is applied: it is accepted, and the bad one was not retried", async () => {
    await ns.apply("crashes", { image: ns.images.second });
    const { status } = await ns.healthy("crashes");
    // Every rollout has a number: after a retry this rollout would have number 4.
    expect(status.history.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
      [3, "Accepted"],
      [2, "Rejected"],
      [1, "Accepted"],
    ]);
    expect(status.blockers).toEqual([]);
  });
});

describe("a command annotation with a rollout number", () => {
  test("retry of a revision that fails again: one new rollout, although the annotation stays", async () => {
    await ns.annotate("bad-config", "demoapp.dev/retry=2");
    await ns.until(
      "bad-config",
      ({ status }) => status.phase === "Degraded" && status.rejected.some(({ rollout }) => rollout === 3),
    );
    await ns.kubectl("scale", "demoapp", "bad-config", "--replicas=3");
    const { status } = await ns.until("bad-config", ({ status }) => status.replicas === 3);
    expect(status.candidate).toBeUndefined();
    expect(Math.max(...status.history.map(({ rollout }) => rollout))).toBe(3);
    expect(await ns.podImages("bad-config")).toEqual([ns.images.first]);
  });

  test("retry of a revision that works now: accepted", async () => {
    await ns.kubectl("create", "configmap", "switch", "--from-literal=off=true");
    await ns.apply("not-ready", {
      env: [{ name: "FAULT_NOT_READY", valueFrom: { configMapKeyRef: { name: "switch", key: "off" } } }],
      progressDeadlineSeconds: 15,
    });
    const { status } = await ns.until(
      "not-ready",
      ({ status: { rejected } }) => rejected.length === 2,
      90_000,
    );
    const rollout = Math.max(...status.rejected.map((one) => one.rollout));
    await ns.kubectl("delete", "configmap", "switch");
    await ns.kubectl("create", "configmap", "switch", "--from-literal=off=false");
    await ns.annotate("not-ready", `demoapp.dev/retry=${rollout}`);
    const healthy = await ns.healthy("not-ready");
    expect(healthy.status.stable?.rollout).toBe(rollout + 1);
  });

  test("abort: rolls back at once, and the revision stays rejected", async () => {
    const env = [{ name: "FAULT_NOT_READY", value: "true" }];
    await ns.apply("crashes", { image: ns.images.first, env, progressDeadlineSeconds: 600 });
    const { status } = await ns.phase("crashes", "Progressing");
    await ns.annotate("crashes", `demoapp.dev/abort=${status.candidate?.rollout}`);
    const after = await ns.phase("crashes", "Degraded");
    expect(after.status.rejected.map(({ reason }) => reason)).toContain("Aborted");
    expect(await ns.podImages("crashes")).toEqual([ns.images.second]);
  });
});
