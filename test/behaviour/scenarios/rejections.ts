import { expect } from "@jest/globals";
import { kinds } from "../../../tools/objects.ts";
import type { Reported } from "../../e2e/objects.ts";
import { type TestEnvironment, image } from "../environment.ts";
import type { RunningOperator } from "../operator.ts";
import type { Scenarios } from "./all.ts";

const crash = image("2-crash");

/** Installs version 1, applies a bad image and waits until its revision is rejected. */
async function reject(env: TestEnvironment, badImage: string): Promise<RunningOperator> {
  const operator = await env.install();
  await env.deploy({ image: badImage }, "Degraded");
  await env.quiet(operator);
  return operator;
}

/** The part of a status that must be the same after the status was lost. */
const essence = ({ status: { phase, stable, rejected, history, blockers } }: Reported) => ({
  phase,
  stable,
  rejected,
  history,
  blockers: blockers.map(({ reason, next }) => ({ reason, next })),
});

export const rejections: Scenarios = {
  "the image does not exist: the app is rolled back, and the status names the next step": async (env) => {
    const missing = image("2-image-missing");
    await reject(env, missing);
    const { status } = await env.app();
    expect(status.rejected).toMatchObject([{ image: missing, rollout: 2, reason: "ImageNotFound" }]);
    expect(status.stable).toMatchObject({ image: image("1"), rollout: 1 });
    expect(status.blockers[0]?.next).toContain("demoapp.dev/retry=2");
    await env.eventually(
      "only the good version runs",
      async () => (await env.podImages()).join() === image("1"),
    );
  },

  "the operator may not change the Service: a bad version is rolled back all the same": async (env) => {
    await env.install();
    const allow = await env.setup.denyAccess(kinds.Service, ["patch"]);
    await env.apply({ image: crash, service: { port: 81 } });
    const { status } = await env.until(
      ({ status: { phase, rejected } }) => phase === "Degraded" && rejected.length === 1,
    );
    await env.eventually(
      "only the good version runs",
      async () => (await env.podImages()).join() === image("1"),
    );
    expect(status.blockers.map(({ reason }) => reason)).toContain("PermissionMissing");
    await allow();
    await env.eventually("the Service has its new port", async () => {
      const { spec } = await env.get<{ spec: { ports: readonly { port: number }[] } }>(kinds.Service);
      return spec.ports[0]?.port === 81;
    });
  },

  "a bad version is scaled to 0: it is not accepted, and rolled back once its pods run": async (env) => {
    await env.install();
    env.behaviours.set(crash, { does: "ready", afterMs: 3_600_000 });
    await env.deploy({ image: crash }, "Progressing");
    const { status } = await env.deploy({ image: crash, replicas: 0 });
    expect(status.candidate).toMatchObject({ image: crash });
    env.behaviours.delete(crash);
    await env.deploy({ image: crash }, "Degraded");
    expect(await env.outcomes()).toEqual(["2 Rejected", "1 Accepted"]);
  },

  "operator and status are replaced: the rejected revision is still known": async (env) => {
    const operator = await reject(env, crash);
    const before = await env.app();
    const pods = await env.podUids();
    await operator.stop();
    await env.wipeStatus();
    const next = await env.startOperator();
    const after = await env.phase("Degraded");
    await env.quiet(next);
    expect(essence(after)).toEqual(essence(before));
    expect(await env.podUids()).toEqual(pods);
  },

  "a retry names the rejected rollout: the revision is tried again once": async (env) => {
    await reject(env, crash);
    await env.annotate({ retry: "1" });
    await env.annotate({ retry: "2" });
    // Once the retry starts, rollout 2 can't be retried again, also by the annotation that stays.
    await env.until(({ status }) => status.phase === "Degraded" && status.rejected[0]?.rollout === 3);
    await env.apply({ image: crash, replicas: 3 });
    await env.until(({ status }) => status.phase === "Degraded" && status.readyReplicas === 3);
    expect(await env.outcomes()).toEqual(["3 Rejected", "1 Accepted"]);
  },

  "the cause of a rejection is fixed: a retry succeeds": async (env) => {
    await reject(env, crash);
    env.behaviours.set(crash, { does: "ready" });
    await env.annotate({ retry: "2" });
    const { status } = await env.phase("Healthy");
    expect(status.stable).toMatchObject({ image: crash, rollout: 3 });
    expect(status.rejected).toEqual([]);
  },

  "a rollout is aborted by its number: the app is rolled back": async (env) => {
    await env.install();
    const pods = await env.podUids();
    await env.apply({ image: image("2-never-ready") });
    await env.until(({ status: { candidate } }) => candidate?.rollout === 2);
    await env.annotate({ abort: "2" });
    const { status } = await env.phase("Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "Aborted" }]);
    expect(await env.podUids()).toEqual(pods);
  },

  "a version is not ready by the deadline: the app is rolled back": async (env) => {
    const progressDeadlineSeconds = env.setup.deadlineSeconds;
    await env.install({ progressDeadlineSeconds });
    await env.apply({ progressDeadlineSeconds, image: image("2-never-ready") });
    const { status } = await env.until(({ status: { rejected } }) => rejected.length === 1);
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "NotReadyByDeadline" }]);
  },

  "a Secret is missing: nothing is rejected, and the rollout continues once it exists": async (env) => {
    const progressDeadlineSeconds = env.setup.deadlineSeconds;
    await env.install({ progressDeadlineSeconds });
    const variables = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "late", key: "key" } } }];
    await env.apply({ progressDeadlineSeconds, env: variables });
    const { status } = await env.blocked("ConfigMissing");
    expect(status.rejected).toEqual([]);
    await env.phase("Degraded");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "late" } };
    await env.create(kinds.Secret, { ...secret, data: { key: "eA==" } });
    await env.phase("Healthy");
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
  },

  "a git revert to the stable version: no pod restarts and no rollout starts": async (env) => {
    await reject(env, crash);
    const pods = await env.podUids();
    const { status } = await env.deploy({ image: image("1") });
    expect(status.stable).toMatchObject({ rollout: 1 });
    expect(await env.podUids()).toEqual(pods);
    expect(await env.outcomes()).toEqual(["2 Rejected", "1 Accepted"]);
  },
};
