import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { imageOf } from "../../tools/images.ts";
import { applyYaml, renderOperator } from "./installation.ts";
import { processOf, writes } from "./operator.ts";
import { Scene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open("operator");
  await Promise.all([scene.apply("web"), scene.apply("other")]);
  await Promise.all([scene.healthy("web"), scene.healthy("other")]);
});
afterAll(() => scene.close());

/** Starts the rollout of another version; gives the number that it has. */
async function rollOut(level: string): Promise<number> {
  const env = [{ name: "LOG_LEVEL", value: level }];
  await scene.apply("web", { env, minReadySeconds: 2 });
  const { status } = await scene.phase("web", "Progressing");
  return status.candidate?.rollout ?? 0;
}

/** Waits until that rollout is accepted; there was no other, and no pod was missing. */
async function isAccepted(rollout: number): Promise<void> {
  let fewest = Infinity;
  await scene.eventually("the rollout is accepted", async () => {
    fewest = Math.min(fewest, (await scene.deployment("web")).status.availableReplicas ?? 0);
    const { status } = await scene.app("web");
    return status?.phase === "Healthy" && status.stable?.rollout === rollout ? true : undefined;
  });
  expect(fewest).toBe(2);
  const { status } = await scene.app("web");
  expect(status?.history?.[0]).toMatchObject({ rollout, outcome: "Accepted" });
  expect(status?.rejected).toEqual([]);
}

describe("a rollout goes on where it was when", () => {
  test("the operator is killed", async () => {
    const rollout = await rollOut("debug");
    for (const pod of await scene.operator.pods()) process.kill(await processOf(pod), "SIGKILL");
    await isAccepted(rollout);
    await scene.operator.ready();
  });

  test("the leader is asked to stop: it gives the lease away, and nobody waits for it to run out", async () => {
    const leader = await scene.operator.leader();
    const rollout = await rollOut("warn");
    const startedMs = performance.now();
    await scene.operator.remove(leader);
    await scene.operator.leader((pod) => pod.metadata.uid !== leader.metadata.uid);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await isAccepted(rollout);
    await scene.operator.ready();
  });

  test("the leader stands still: another takes over, and the first writes nothing when it wakes", async () => {
    const leader = await scene.operator.leader();
    const pid = await processOf(leader);
    process.kill(pid, "SIGSTOP");
    try {
      const next = await scene.operator.leader((pod) => pod.metadata.uid !== leader.metadata.uid);
      await isAccepted(await rollOut("error"));
      const wokenMs = Date.now();
      process.kill(pid, "SIGCONT");
      await scene.eventually("it knows that it leads no more", async () => {
        const text = await scene.operator.metrics(leader);
        return /leader_election_master_status\{.*\} 0/.test(text) ? true : undefined;
      });
      await isAccepted(await rollOut("fatal"));
      // It was the same process that woke, not one that the kubelet started in its place.
      expect(await processOf(leader)).toBe(pid);
      const requests = await scene.operator.requests(wokenMs);
      const writers = requests
        .filter(({ verb, objectRef }) => writes.has(verb) && objectRef?.resource !== "leases")
        .map(({ user }) => user.extra?.["authentication.kubernetes.io/pod-name"]?.[0]);
      expect([...new Set(writers)]).toEqual([next.metadata.name]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("the API server stands still for a minute", async () => {
    const restarts = async () =>
      (await scene.operator.pods()).map(({ metadata, status }) => [
        metadata.uid,
        status.containerStatuses?.[0]?.restartCount,
      ]);
    const before = await restarts();
    const rollout = await rollOut("silent");
    await scene.cluster.pause("kube-apiserver");
    try {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    } finally {
      await scene.cluster.resume("kube-apiserver");
    }
    await scene.eventually("the rollout is accepted", async () => {
      const { status } = await scene.app("web");
      return status?.phase === "Healthy" && status.stable?.rollout === rollout ? true : undefined;
    });
    expect(await restarts()).toEqual(before);
  });
});

describe("a new operator", () => {
  /** Waits until the leader has looked at every app of this file, and has nothing left to do. */
  const settled = async (): Promise<void> => {
    const leader = await scene.operator.leader();
    await scene.eventually("the leader has looked at every app", async () => {
      const text = await scene.operator.metrics(leader);
      const of = (metric: RegExp): number => Number(metric.exec(text)?.[1] ?? 0);
      const looks = of(/^controller_runtime_reconcile_total\{.*result="success".*\} (\d+)$/m);
      const waiting = of(/^workqueue_depth\{.*\} (\d+)$/m);
      return looks >= 3 && waiting === 0 ? true : undefined;
    });
  };

  test("writes nothing where nothing has to be done", async () => {
    await scene.apply("bad", { replicas: 1 });
    await scene.healthy("bad");
    await scene.apply("bad", { replicas: 1, env: [{ name: "PORT", value: "none" }] });
    await scene.until("bad", ({ status }) => status.phase === "Degraded" && status.replicas === 1);
    // What became of the pods is still being told.
    await scene.operator.quiet(scene.namespace);
    await scene.operator.scale(0);
    const stoppedMs = Date.now();
    await scene.operator.scale(2);
    await settled();
    expect(await scene.operator.writes(stoppedMs, scene.namespace)).toEqual([]);
  });

  test("that renders pods otherwise restarts none of them; the next change of the spec takes it up", async () => {
    const pods = (await scene.pods("other")).map(({ metadata }) => metadata.uid).toSorted();
    const sleepOf = async (): Promise<unknown> =>
      (await scene.deployment("other")).spec.template.spec.containers[0]?.["lifecycle"];
    const other = await otherOperator();
    await scene.operator.quiet(scene.namespace);
    const startedMs = Date.now();
    await applyYaml(scene.cluster, await renderOperator(scene.cluster, other));
    try {
      await scene.operator.ready();
      await settled();
      expect(await scene.operator.writes(startedMs, scene.namespace)).toEqual([]);
      expect((await scene.pods("other")).map(({ metadata }) => metadata.uid).toSorted()).toEqual(pods);
      expect(await sleepOf()).toEqual({ preStop: { sleep: { seconds: 5 } } });
      await scene.apply("other", { image: scene.images.second });
      await scene.healthy("other");
      expect(await sleepOf()).toEqual({ preStop: { sleep: { seconds: 4 } } });
    } finally {
      await applyYaml(scene.cluster, await renderOperator(scene.cluster, scene.images.operator));
      await scene.operator.ready();
    }
  });

  /** The operator of a later release: its pods drain for another time. */
  async function otherOperator(): Promise<string> {
    const request = imageOf("operator", "0.2.0");
    const context = await mkdtemp(join(tmpdir(), "demoapp-later-"));
    try {
      const bundle = "dist/operator/main.js";
      const text = await readFile(join(request.context, bundle), "utf8");
      const later = text.replace(/drainSeconds ?= ?5\b/, "drainSeconds=4");
      expect(later !== text).toBe(true);
      await mkdir(dirname(join(context, bundle)), { recursive: true });
      await writeFile(join(context, bundle), later);
      const { ref, digest } = await scene.cluster.build({ ...request, context });
      return `${ref}@${digest}`;
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  }
});
