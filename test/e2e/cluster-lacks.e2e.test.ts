import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Scene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open("lacks");
});
afterAll(() => scene.close());

const blockersOf = (status: { blockers: readonly { reason: string }[] }): readonly string[] =>
  status.blockers.map(({ reason }) => reason);

/** Waits until the rollout stands past its deadline, and proves that it cost nothing. */
async function stands(name: string, reason: string): Promise<void> {
  const { status } = await scene.until(
    name,
    ({ status: { phase, blockers } }) =>
      phase === "Degraded" && blockers.some((blocker) => blocker.reason === reason),
  );
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: "Stalled", status: "True", reason: "DeadlinePassed" }),
  );
  expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Available", status: "True" }));
  expect(status.availableReplicas).toBeGreaterThanOrEqual(2);
  expect(status.rejected).toEqual([]);
  expect(blockersOf(status)).toContain(reason);
}

/** Waits until the rollout that stood has ended, without any act. */
async function goesOn(name: string): Promise<void> {
  const { status } = await scene.healthy(name);
  expect(status.stable?.rollout).toBe(2);
  expect(status.rejected).toEqual([]);
  expect(status.blockers).toEqual([]);
}

const short = { progressDeadlineSeconds: 5 };

describe("what the cluster lacks never rejects a version: the rollout stands, and goes on by itself when it is there:", () => {
  test("a Secret", async () => {
    await scene.apply("secret", short);
    await scene.healthy("secret");
    const env = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "late", key: "key" } } }];
    await scene.apply("secret", { ...short, env });
    await stands("secret", "ConfigMissing");
    await scene.kubectl("create", "secret", "generic", "late", "--from-literal=key=1");
    await goesOn("secret");
  });

  test("room in a quota", async () => {
    await scene.apply("quota", short);
    await scene.healthy("quota");
    await scene.eventually("only the app's pods are left", async () => {
      const pods = await scene.kubectl("get", "pods", "-o", "name");
      return pods.trim().split("\n").length === 4 ? true : undefined;
    });
    await scene.kubectl("create", "quota", "tight", "--hard=pods=4");
    await scene.eventually("the quota counts", async () => {
      const used = await scene.kubectl("get", "quota", "tight", "-o", "jsonpath={.status.used.pods}");
      return used === "4" ? true : undefined;
    });
    await scene.apply("quota", { ...short, image: scene.images.second });
    await stands("quota", "QuotaExceeded");
    await scene.kubectl("delete", "quota", "tight");
    await goesOn("quota");
  });

  test("a LimitRange that lets the pods in", async () => {
    await scene.apply("range", short);
    await scene.healthy("range");
    const limit = { type: "Container", max: { memory: "100Mi" } };
    const range = {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "small" },
      spec: { limits: [limit] },
    };
    await scene.create(range);
    await scene.apply("range", { ...short, image: scene.images.second });
    await stands("range", "LimitRangeExceeded");
    await scene.kubectl("delete", "limitrange", "small");
    await goesOn("range");
  });

  test("a namespace whose Pod Security lets the pods in", async () => {
    await scene.apply("security", short);
    await scene.healthy("security");
    const pod = { containerSecurityContext: { allowPrivilegeEscalation: true } };
    await scene.apply("security", { ...short, pod });
    await stands("security", "PodSecurityRefused");
    const label = "pod-security.kubernetes.io/enforce=baseline";
    await scene.kubectl("label", "--overwrite", "namespace", scene.namespace, label);
    await goesOn("security");
  });
});
