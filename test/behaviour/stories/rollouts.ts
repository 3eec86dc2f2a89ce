import { expect } from "@jest/globals";
import { kinds } from "../../e2e/kinds.ts";
import { type World, image } from "../world.ts";
import type { Story } from "./story.ts";

/** Rollouts as history tells them, newest first. */
export const outcomes = async (world: World): Promise<readonly (readonly [number, string])[]> =>
  ((await world.app()).status?.history ?? []).map(({ rollout, outcome }) => [rollout, outcome] as const);

/** Images that the app's pods run. */
export const running = async (world: World): Promise<readonly string[]> => [
  ...new Set((await world.pods()).map(({ spec }) => spec.containers[0]?.image ?? "")),
];

const scale = (world: World, replicas: number) =>
  world.ground.send({
    method: "PATCH",
    path: `/apis/demoapp.dev/v1/namespaces/${world.namespace}/demoapps/web/scale`,
    body: { spec: { replicas } },
    type: "merge",
  });

export const rollouts: readonly Story[] = [
  {
    name: "an app that is installed becomes a Deployment and a Service, and is Healthy",
    run: async (world) => {
      await world.startOperator();
      await world.apply();
      const { status } = await world.phase("Healthy");
      expect(status.conditions).toMatchObject([
        { type: "Ready", status: "True" },
        { type: "Available", status: "True" },
      ]);
      expect(status.display?.ready).toBe("2/2");
      expect(await outcomes(world)).toEqual([[1, "Accepted"]]);
      expect(await running(world)).toEqual([image("1")]);
      expect((await world.service()).spec).toMatchObject({ type: "ClusterIP", ports: [{ port: 80 }] });
    },
  },
  {
    name: "a new image is rolled out",
    run: async (world) => {
      await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      await world.apply({ image: image("2") });
      const { status } = await world.phase("Healthy");
      expect(status.stable).toMatchObject({ image: image("2"), rollout: 2 });
      expect(await outcomes(world)).toEqual([
        [2, "Accepted"],
        [1, "Accepted"],
      ]);
      expect(await running(world)).toEqual([image("2")]);
    },
  },
  {
    name: "scaling the DemoApp scales the Deployment and starts no rollout",
    run: async (world) => {
      await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      const before = await world.podUids();
      expect((await scale(world, 4)).code).toBe(200);
      const { status } = await world.until(
        ({ status: { phase, readyReplicas } }) => phase === "Healthy" && readyReplicas === 4,
      );
      expect(status.selector).toContain("app.kubernetes.io/name=web");
      expect(await world.podUids()).toEqual(expect.arrayContaining([...before]));
      expect(await outcomes(world)).toEqual([[1, "Accepted"]]);
    },
  },
  {
    name: "while an app is suspended nothing but its status is written",
    run: async (world) => {
      const operator = await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      await world.quiet(operator);
      const { metadata } = await world.deployment();
      const writes = operator.writes.length;
      await world.apply({ suspend: true, image: image("2") });
      await world.phase("Suspended");
      await world.patch(kinds.Deployment, { spec: { minReadySeconds: 1 } });
      await world.quiet(operator);
      const since = new Set(operator.writes.slice(writes));
      expect([...since].filter((write) => !/demoapps\/status|events/.test(write))).toEqual([]);
      expect((await world.deployment()).metadata.generation).toBe(metadata.generation + 1);
      await world.apply({ image: image("2") });
      await world.phase("Healthy");
      expect(await running(world)).toEqual([image("2")]);
    },
  },
  {
    name: "a restart replaces every pod once, and an older time restarts nothing",
    run: async (world) => {
      await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      const installed = await world.podUids();
      const [older, now] = [new Date(0).toISOString(), new Date(world.clock.now()).toISOString()];
      await world.apply({ restartAt: now });
      const restarted = await replaced(world, installed);
      await world.annotate({ restartAt: older });
      await world.apply({ restartAt: older, replicas: 3 });
      await world.until(({ status: { phase, readyReplicas } }) => phase === "Healthy" && readyReplicas === 3);
      const before = await world.podUids();
      expect(before).toEqual(expect.arrayContaining([...restarted]));
      await world.annotate({ restartAt: new Date(world.clock.now()).toISOString() });
      await replaced(world, before);
      expect(await outcomes(world)).toEqual([[1, "Accepted"]]);
    },
  },
  {
    name: "a rollout that is overtaken by another version is superseded",
    run: async (world) => {
      await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      await world.apply({ image: image("2-never-ready") });
      await world.phase("Progressing");
      await world.apply({ image: image("3") });
      await world.phase("Healthy");
      expect(await outcomes(world)).toEqual([
        [3, "Accepted"],
        [2, "Superseded"],
        [1, "Accepted"],
      ]);
    },
  },
];

/** Waits until the app is Healthy and none of these pods is left; gives the new ones. */
async function replaced(world: World, before: readonly string[]): Promise<readonly string[]> {
  await world.eventually("every pod is replaced", async () => {
    const uids = await world.podUids();
    return uids.length > 0 && !uids.some((uid) => before.includes(uid)) ? uids : undefined;
  });
  await world.phase("Healthy");
  return world.podUids();
}
