import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestNamespace } from "./testnamespace.ts";
import type { Container, Deployment } from "./objects.ts";
import { kinds } from "../../tools/objects.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("drift");
  await ns.apply("web");
  await ns.healthy("web");
});
afterAll(() => ns.close());

interface Change {
  readonly name: string;
  readonly patch: object;
  /** True if the change has been reverted. */
  readonly isReverted: (deployment: Deployment, app: Container | undefined) => boolean;
}

const inPod = (spec: object): object => ({ spec: { template: { spec } } });

const changes: readonly Change[] = [
  {
    name: "fewer replicas",
    patch: { spec: { replicas: 1 } },
    isReverted: ({ spec }) => spec.replicas === 2,
  },
  {
    name: "another image",
    patch: inPod({ containers: [{ name: "app", image: "127.0.0.1:5000/other:1" }] }),
    isReverted: (_, app) => app?.image === ns.images.first,
  },
  {
    name: "another limit",
    patch: inPod({ containers: [{ name: "app", resources: { limits: { memory: "1Gi" } } }] }),
    isReverted: (_, app) => app?.resources.limits["memory"] === "128Mi",
  },
  {
    name: "an additional container",
    patch: inPod({ containers: [{ name: "miner", image: "127.0.0.1:5000/miner:1" }] }),
    isReverted: ({ spec }) => spec.template.spec.containers.length === 1,
  },
  {
    name: "an additional environment variable",
    patch: inPod({ containers: [{ name: "app", env: [{ name: "DEBUG", value: "1" }] }] }),
    isReverted: (_, app) => app?.env === undefined,
  },
  {
    name: "the host's network",
    patch: inPod({ hostNetwork: true }),
    isReverted: ({ spec }) => spec.template.spec["hostNetwork"] === undefined,
  },
  {
    name: "a node selector",
    patch: inPod({ nodeSelector: { disk: "fast" } }),
    isReverted: ({ spec }) => spec.template.spec["nodeSelector"] === undefined,
  },
];

test.each(changes)(
  "the Deployment is patched with $name: the operator reverts the drift within 10 s",
  async ({ patch, isReverted }) => {
    await ns.kubectl("patch", "deployment", "web", "--type=strategic", "-p", JSON.stringify(patch));
    await ns.eventually(
      "the change is reverted",
      async () => {
        const deployment = await ns.deployment("web");
        return isReverted(deployment, deployment.spec.template.spec.containers[0]) ? true : undefined;
      },
      10_000,
    );
    const { status } = await ns.healthy("web");
    expect(status.stable?.rollout).toBe(1);
    // The event is written after the Deployment.
    await ns.eventually("an event names the manager", async () =>
      (await ns.events("web")).some(
        ({ reason, message }) => reason === "DriftRepaired" && message.includes("kubectl"),
      )
        ? true
        : undefined,
    );
  },
);

test("the Service's selector is patched: the operator reverts the drift, and the cluster IP stays", async () => {
  const before = await ns.service("web");
  const patch = { spec: { selector: { who: "me" }, ports: [{ name: "http", port: 80, targetPort: 9999 }] } };
  await ns.kubectl("patch", "service", "web", "-p", JSON.stringify(patch));
  await ns.eventually("the change is reverted", async () => {
    const { spec } = await ns.service("web");
    const { selector } = spec as unknown as { selector: object };
    return JSON.stringify([selector, spec.ports]).match(/who|9999/) === null ? true : undefined;
  });
  expect((await ns.service("web")).spec.clusterIP).toBe(before.spec.clusterIP);
});

test("the Deployment and the Service are deleted: the operator creates them again", async () => {
  await ns.kubectl("delete", "deployment,service", "web");
  await ns.eventually("both exist again", async () => {
    const exist = [await ns.exists(kinds.Deployment, "web"), await ns.exists(kinds.Service, "web")];
    return exist.every(Boolean) ? true : undefined;
  });
  await ns.healthy("web");
});

test("another client annotates the pod template: the annotation stays", async () => {
  const patch = { spec: { template: { metadata: { annotations: { injector: "was here" } } } } };
  await ns.kubectl("patch", "deployment", "web", "-p", JSON.stringify(patch));
  await ns.kubectl("scale", "deployment", "web", "--replicas=1");
  await ns.eventually("the replicas are corrected", async () =>
    (await ns.deployment("web")).spec.replicas === 2 ? true : undefined,
  );
  await ns.healthy("web");
  const { spec } = await ns.deployment("web");
  expect(spec.template.metadata.annotations).toMatchObject({ injector: "was here" });
});
