import { expect } from "@jest/globals";
import { kinds } from "../../../tools/objects.ts";
import { type TestEnvironment, image } from "../environment.ts";
import type { Scenarios } from "./all.ts";

/** Waits until the app is Healthy without any of these pods, and returns the uids of the new ones. */
async function replaced(env: TestEnvironment, before: readonly string[]): Promise<readonly string[]> {
  await env.eventually("all pods are replaced", async () => {
    const uids = await env.podUids();
    return uids.length > 0 && !uids.some((uid) => before.includes(uid));
  });
  await env.phase("Healthy");
  return env.podUids();
}

export const rollouts: Scenarios = {
  "an app is installed: it becomes a Deployment and a Service, and is Healthy": async (env) => {
    await env.install();
    const { status } = await env.app();
    expect(status.conditions).toMatchObject([
      { type: "Ready", status: "True" },
      { type: "Available", status: "True" },
    ]);
    expect(status.display?.ready).toBe("2/2");
    expect(await env.outcomes()).toEqual(["1 Accepted"]);
    expect(await env.podImages()).toEqual([image("1")]);
    expect((await env.service()).spec).toMatchObject({ type: "ClusterIP", ports: [{ port: 80 }] });
  },

  "the image changes: the new one is rolled out": async (env) => {
    await env.install();
    const { status } = await env.deploy({ image: image("2") });
    expect(status.stable).toMatchObject({ image: image("2"), rollout: 2 });
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
    expect(await env.podImages()).toEqual([image("2")]);
  },

  "a variable has characters that JSON can spell in two ways: its revisions are stored and accepted": async (
    env,
  ) => {
    const value = 'a < b > c & d \u2028 \u2029 \u00e9 \u{1f600} \\ " \u007f / \t';
    await env.install({ env: [{ name: "TEXT", value }] });
    await env.deploy({ image: image("2"), env: [{ name: "TEXT", value }] });
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
  },

  "the spec no longer names a service account: the new pods have the default one": async (env) => {
    const metadata = { name: "reader" };
    await env.create(kinds.ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    await env.install({ pod: { serviceAccountName: "reader" } });
    await env.deploy();
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
    expect((await env.deployment()).spec.template.spec).not.toHaveProperty("serviceAccount");
    expect((await env.pods()).map(({ spec }) => spec.serviceAccountName)).toEqual(["default", "default"]);
  },

  "quantities get another spelling: no rollout starts, and nothing is written to the Deployment": async (
    env,
  ) => {
    const resources = (cpu: string, memory: string) => ({ resources: { limits: { cpu, memory } } });
    await env.install(resources("1000m", "1024Mi"));
    const [pods, { metadata }] = [await env.podUids(), await env.deployment()];
    await env.deploy(resources("1", "1Gi"));
    await env.deploy(resources("1.0", "1073741824"));
    expect(await env.outcomes()).toEqual(["1 Accepted"]);
    expect(await env.podUids()).toEqual(pods);
    expect((await env.deployment()).metadata.resourceVersion).toBe(metadata.resourceVersion);
  },

  "the DemoApp is scaled: the Deployment is scaled, and no rollout starts": async (env) => {
    await env.install();
    const before = await env.podUids();
    const scale = { ...kinds.DemoApp, plural: "demoapps/web", kind: "Scale" };
    const ref = { ...env.ref, name: "scale" };
    await env.client.patch(scale, ref, { type: "merge", body: { spec: { replicas: 4 } } });
    const { status } = await env.until(
      ({ status: { phase, readyReplicas } }) => phase === "Healthy" && readyReplicas === 4,
    );
    expect(status.selector).toContain("app.kubernetes.io/name=web");
    expect(await env.podUids()).toEqual(expect.arrayContaining([...before]));
    expect(await env.outcomes()).toEqual(["1 Accepted"]);
  },

  "an app is suspended: the operator writes only its status": async (env) => {
    const operator = await env.install();
    await env.quiet(operator);
    const { metadata } = await env.deployment();
    const before = operator.writes.length;
    await env.deploy({ suspend: true, image: image("2") }, "Suspended");
    await env.patch(kinds.Deployment, { spec: { minReadySeconds: 1 } });
    await env.quiet(operator);
    const writes = operator.writes.slice(before);
    expect(writes.filter((write) => !/demoapps\/status|events/.test(write))).toEqual([]);
    expect((await env.deployment()).metadata.generation).toBe(metadata.generation + 1);
    await env.deploy({ image: image("2") });
    expect(await env.podImages()).toEqual([image("2")]);
  },

  "a restart is requested: every pod is replaced once, and an older time restarts nothing": async (env) => {
    const now = (): string => new Date(env.setup.clock.now()).toISOString();
    await env.install();
    const installed = await env.podUids();
    const older = new Date(0).toISOString();
    await env.apply({ restartAt: now() });
    const restarted = await replaced(env, installed);
    await env.annotate({ restartAt: older });
    await env.apply({ restartAt: older, replicas: 3 });
    await env.until(({ status: { phase, readyReplicas } }) => phase === "Healthy" && readyReplicas === 3);
    const before = await env.podUids();
    expect(before).toEqual(expect.arrayContaining([...restarted]));
    await env.annotate({ restartAt: now() });
    await replaced(env, before);
    expect(await env.outcomes()).toEqual(["1 Accepted"]);
  },

  "the image changes during a rollout: the first rollout is superseded": async (env) => {
    await env.install();
    await env.deploy({ image: image("2-never-ready") }, "Progressing");
    await env.deploy({ image: image("3") });
    expect(await env.outcomes()).toEqual(["3 Accepted", "2 Superseded", "1 Accepted"]);
  },
};
