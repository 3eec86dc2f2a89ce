import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Scene } from "./scene.ts";
import type { Container, Deployment } from "./kinds.ts";
import { kinds } from "./kinds.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open("drift");
  await scene.apply("web");
  await scene.healthy("web");
});
afterAll(() => scene.close());

interface Change {
  readonly name: string;
  readonly patch: object;
  /** True once the change is undone. */
  readonly undone: (deployment: Deployment, app: Container | undefined) => boolean;
}

const inPod = (spec: object): object => ({ spec: { template: { spec } } });

const changes: readonly Change[] = [
  {
    name: "fewer replicas",
    patch: { spec: { replicas: 1 } },
    undone: ({ spec }) => spec.replicas === 2,
  },
  {
    name: "another image",
    patch: inPod({ containers: [{ name: "app", image: "127.0.0.1:5000/other:1" }] }),
    undone: (_, app) => app?.image === scene.images.first,
  },
  {
    name: "another limit",
    patch: inPod({ containers: [{ name: "app", resources: { limits: { memory: "1Gi" } } }] }),
    undone: (_, app) => app?.resources.limits["memory"] === "128Mi",
  },
  {
    name: "a further container",
    patch: inPod({ containers: [{ name: "miner", image: "127.0.0.1:5000/miner:1" }] }),
    undone: ({ spec }) => spec.template.spec.containers.length === 1,
  },
  {
    name: "a further environment variable",
    patch: inPod({ containers: [{ name: "app", env: [{ name: "DEBUG", value: "1" }] }] }),
    undone: (_, app) => app?.env === undefined,
  },
  {
    name: "the host's network",
    patch: inPod({ hostNetwork: true }),
    undone: ({ spec }) => spec.template.spec["hostNetwork"] === undefined,
  },
  {
    name: "a node selector",
    patch: inPod({ nodeSelector: { disk: "fast" } }),
    undone: ({ spec }) => spec.template.spec["nodeSelector"] === undefined,
  },
];

test.each(changes)("$name, set by hand on the Deployment, goes within seconds", async ({ patch, undone }) => {
  await scene.kubectl("patch", "deployment", "web", "--type=strategic", "-p", JSON.stringify(patch));
  await scene.eventually(
    "the change is undone",
    async () => {
      const deployment = await scene.deployment("web");
      return undone(deployment, deployment.spec.template.spec.containers[0]) ? true : undefined;
    },
    10_000,
  );
  const { status } = await scene.healthy("web");
  expect(status.stable?.rollout).toBe(1);
  const repairs = (await scene.events("web")).filter(({ reason }) => reason === "DriftRepaired");
  expect(repairs.at(-1)?.message).toContain("kubectl");
});

test("a selector set by hand on the Service goes, its cluster IP stays", async () => {
  const before = await scene.service("web");
  const patch = { spec: { selector: { who: "me" }, ports: [{ name: "http", port: 80, targetPort: 9999 }] } };
  await scene.kubectl("patch", "service", "web", "-p", JSON.stringify(patch));
  await scene.eventually("the change is undone", async () => {
    const { spec } = await scene.service("web");
    const { selector } = spec as unknown as { selector: object };
    return JSON.stringify([selector, spec.ports]).match(/who|9999/) === null ? true : undefined;
  });
  expect((await scene.service("web")).spec.clusterIP).toBe(before.spec.clusterIP);
});

test("a deleted Deployment or Service comes back", async () => {
  await scene.kubectl("delete", "deployment,service", "web");
  await scene.eventually("both are back", async () => {
    const back = [await scene.exists(kinds.Deployment, "web"), await scene.exists(kinds.Service, "web")];
    return back.every(Boolean) ? true : undefined;
  });
  await scene.healthy("web");
});

test("an annotation that others put on the pod template stays", async () => {
  const patch = { spec: { template: { metadata: { annotations: { injector: "was here" } } } } };
  await scene.kubectl("patch", "deployment", "web", "-p", JSON.stringify(patch));
  await scene.kubectl("scale", "deployment", "web", "--replicas=1");
  await scene.eventually("the replicas are repaired", async () =>
    (await scene.deployment("web")).spec.replicas === 2 ? true : undefined,
  );
  await scene.healthy("web");
  const { spec } = await scene.deployment("web");
  expect(spec.template.metadata.annotations).toMatchObject({ injector: "was here" });
});
