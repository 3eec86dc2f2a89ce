import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("lacks");
});
afterAll(() => ns.close());

const blockersOf = (status: { blockers: readonly { reason: string }[] }): readonly string[] =>
  status.blockers.map(({ reason }) => reason);

/** Waits until the rollout is blocked past its deadline. Expects that the stable revision serves. */
async function expectBlocked(name: string, reason: string): Promise<void> {
  const { status } = await ns.until(
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

/** Waits until the blocked rollout is accepted, without a command annotation. */
async function expectAccepted(name: string): Promise<void> {
  const { status } = await ns.healthy(name);
  expect(status.stable?.rollout).toBe(2);
  expect(status.rejected).toEqual([]);
  expect(status.blockers).toEqual([]);
}

const short = { progressDeadlineSeconds: 5 };

describe("the cluster blocks a rollout: the rollout is not rejected, and continues when the cluster has", () => {
  test("the Secret", async () => {
    await ns.apply("secret", short);
    await ns.healthy("secret");
    const env = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "late", key: "key" } } }];
    await ns.apply("secret", { ...short, env });
    await expectBlocked("secret", "ConfigMissing");
    await ns.kubectl("create", "secret", "generic", "late", "--from-literal=key=1");
    await expectAccepted("secret");
  });

  test("a free pod in the ResourceQuota", async () => {
    await ns.apply("quota", short);
    await ns.healthy("quota");
    await ns.eventually("only the app's pods are left", async () => {
      const pods = await ns.kubectl("get", "pods", "-o", "name");
      return pods.trim().split("\n").length === 4 ? true : undefined;
    });
    await ns.kubectl("create", "quota", "tight", "--hard=pods=4");
    await ns.eventually("the quota counts", async () => {
      const used = await ns.kubectl("get", "quota", "tight", "-o", "jsonpath={.status.used.pods}");
      return used === "4" ? true : undefined;
    });
    await ns.apply("quota", { ...short, image: ns.images.second });
    await expectBlocked("quota", "QuotaExceeded");
    await ns.kubectl("delete", "quota", "tight");
    await expectAccepted("quota");
  });

  test("a LimitRange that allows the pods", async () => {
    await ns.apply("range", short);
    await ns.healthy("range");
    const limit = { type: "Container", max: { memory: "100Mi" } };
    const range = {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "small" },
      spec: { limits: [limit] },
    };
    await ns.create(range);
    await ns.apply("range", { ...short, image: ns.images.second });
    await expectBlocked("range", "LimitRangeExceeded");
    await ns.kubectl("delete", "limitrange", "small");
    await expectAccepted("range");
  });

  test("a Pod Security level that allows the pods", async () => {
    await ns.apply("security", short);
    await ns.healthy("security");
    const pod = { containerSecurityContext: { allowPrivilegeEscalation: true } };
    await ns.apply("security", { ...short, pod });
    await expectBlocked("security", "PodSecurityRefused");
    const label = "pod-security.kubernetes.io/enforce=baseline";
    await ns.kubectl("label", "--overwrite", "namespace", ns.namespace, label);
    await expectAccepted("security");
  });
});
