import { expect } from "@jest/globals";
import { kinds } from "../../e2e/kinds.ts";
import type { Reported } from "../../e2e/place.ts";
import { type World, image } from "../world.ts";
import { outcomes, running } from "./rollouts.ts";
import type { Story } from "./story.ts";

const missing = image("2-image-missing");
const crash = image("2-crash");

/** A world whose app serves version 1 and has rejected `bad`. */
async function rejected(world: World, bad: string): Promise<Reported> {
  const operator = await world.startOperator();
  await world.apply();
  await world.phase("Healthy");
  await world.apply({ image: bad });
  const app = await world.phase("Degraded");
  await world.quiet(operator);
  return app;
}

/** What of a status has to be the same after it was lost. */
const essence = ({ status }: Reported) => ({
  phase: status.phase,
  stable: status.stable,
  rejected: status.rejected,
  history: status.history,
  blockers: status.blockers.map(({ reason, next }) => ({ reason, next })),
});

export const rejections: readonly Story[] = [
  {
    name: "an image that the registry does not have is rolled back, and what to do is said",
    run: async (world) => {
      const { status } = await rejected(world, missing);
      expect(status.rejected).toMatchObject([{ image: missing, rollout: 2, reason: "ImageNotFound" }]);
      expect(status.stable).toMatchObject({ image: image("1"), rollout: 1 });
      expect(status.blockers[0]?.next).toContain("demoapp.dev/retry=2");
      await world.eventually("only the good version runs", async () =>
        (await running(world)).join() === image("1") ? true : undefined,
      );
    },
  },
  {
    name: "a rejected revision is remembered by the next operator and without the status",
    run: async (world) => {
      const operator = await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      await world.apply({ image: crash });
      await world.phase("Degraded");
      await world.quiet(operator);
      const before = (await world.app()) as Reported;
      const pods = await world.podUids();
      await operator.stop();
      await world.wipeStatus();
      const next = await world.startOperator();
      const after = await world.phase("Degraded");
      await world.quiet(next);
      expect(essence(after)).toEqual(essence(before));
      expect(await world.podUids()).toEqual(pods);
    },
  },
  {
    name: "a rejected revision is retried by its rollout number, once",
    run: async (world) => {
      await rejected(world, crash);
      await world.annotate({ retry: "1" });
      await world.annotate({ retry: "2" });
      // The number that failed is inert from the start of the retry on, and so is the annotation that stays.
      await world.until(({ status }) => status.phase === "Degraded" && status.rejected[0]?.rollout === 3);
      await world.apply({ image: crash, replicas: 3 });
      await world.until(({ status }) => status.phase === "Degraded" && status.readyReplicas === 3);
      expect(await outcomes(world)).toEqual([
        [3, "Rejected"],
        [1, "Accepted"],
      ]);
    },
  },
  {
    name: "a retry succeeds once the cause is gone",
    run: async (world) => {
      await rejected(world, crash);
      world.behaviours.set(crash, { does: "ready" });
      await world.annotate({ retry: "2" });
      const { status } = await world.phase("Healthy");
      expect(status.stable).toMatchObject({ image: crash, rollout: 3 });
      expect(status.rejected).toEqual([]);
    },
  },
  {
    name: "a rollout is aborted by its number, and goes back",
    run: async (world) => {
      await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      const pods = await world.podUids();
      await world.apply({ image: image("2-never-ready") });
      await world.until(({ status: { candidate } }) => candidate?.rollout === 2);
      await world.annotate({ abort: "2" });
      const { status } = await world.phase("Degraded");
      expect(status.rejected).toMatchObject([{ rollout: 2, reason: "Aborted" }]);
      expect(await world.podUids()).toEqual(pods);
    },
  },
  {
    name: "a version that is not ready by the deadline is rolled back",
    run: async (world) => {
      await world.startOperator();
      const progressDeadlineSeconds = world.ground.deadlineSeconds;
      await world.apply({ progressDeadlineSeconds });
      await world.phase("Healthy");
      await world.apply({ progressDeadlineSeconds, image: image("2-never-ready") });
      const { status } = await world.until(({ status: { rejected } }) => rejected.length === 1);
      expect(status.rejected).toMatchObject([{ rollout: 2, reason: "NotReadyByDeadline" }]);
    },
  },
  {
    name: "what the cluster lacks rejects nothing: the rollout goes on when it is there",
    run: async (world) => {
      await world.startOperator();
      const progressDeadlineSeconds = world.ground.deadlineSeconds;
      await world.apply({ progressDeadlineSeconds });
      await world.phase("Healthy");
      const env = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "late", key: "key" } } }];
      await world.apply({ progressDeadlineSeconds, env });
      const late = await world.blocked("ConfigMissing");
      expect(late.status.rejected).toEqual([]);
      await world.phase("Degraded");
      const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "late" } };
      await world.create(kinds.Secret, { ...secret, data: { key: "eA==" } });
      await world.phase("Healthy");
      expect(await outcomes(world)).toEqual([
        [2, "Accepted"],
        [1, "Accepted"],
      ]);
    },
  },
  {
    name: "git revert to what serves restarts no pod and starts no rollout",
    run: async (world) => {
      await rejected(world, crash);
      const pods = await world.podUids();
      await world.apply({ image: image("1") });
      const { status } = await world.phase("Healthy");
      expect(status.stable).toMatchObject({ rollout: 1 });
      expect(await world.podUids()).toEqual(pods);
      expect(await outcomes(world)).toEqual([
        [2, "Rejected"],
        [1, "Accepted"],
      ]);
    },
  },
];
