import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempDisposable, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { imageOf } from "../../../tools/images.ts";
import { applyYaml, renderOperator } from "../installation.ts";
import { processOf } from "../operator.ts";
import { TestNamespace } from "../testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("operator", "exclusive");
  await Promise.all([ns.apply("web"), ns.apply("other")]);
  await Promise.all([ns.healthy("web"), ns.healthy("other")]);
});
afterAll(() => ns.close());

/** Starts a rollout and returns its number. */
async function startRollout(level: string): Promise<number> {
  const env = [{ name: "LOG_LEVEL", value: level }];
  await ns.apply("web", { env, minReadySeconds: 2 });
  const { status } = await ns.phase("web", "Progressing");
  return status.candidate?.rollout ?? 0;
}

/** Waits until the rollout is accepted. Expects no other rollout, and no missing pod. */
async function expectAccepted(rollout: number): Promise<void> {
  let fewest = Infinity;
  await ns.eventually("the rollout is accepted", async () => {
    fewest = Math.min(fewest, (await ns.deployment("web")).status.availableReplicas ?? 0);
    const { status } = await ns.app("web");
    return status?.phase === "Healthy" && status.stable?.rollout === rollout ? true : undefined;
  });
  expect(fewest).toBe(2);
  const { status } = await ns.app("web");
  expect(status?.history?.[0]).toMatchObject({ rollout, outcome: "Accepted" });
  expect(status?.rejected).toEqual([]);
}

describe("a rollout is in progress", () => {
  test("the operator is killed: the next one continues the rollout", async () => {
    const rollout = await startRollout("debug");
    for (const pod of await ns.operator.pods()) process.kill(await processOf(pod), "SIGKILL");
    await expectAccepted(rollout);
    await ns.operator.ready();
  });

  test("the leader is stopped: it releases the lease, and another pod leads before the lease expires", async () => {
    const leader = await ns.operator.leader();
    const rollout = await startRollout("warn");
    const startedMs = performance.now();
    await ns.operator.remove(leader);
    await ns.operator.leader((pod) => pod.metadata.uid !== leader.metadata.uid);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await expectAccepted(rollout);
    await ns.operator.ready();
  });

  test("the leader is paused: another pod leads, and the first pod writes nothing after it resumes", async () => {
    const leader = await ns.operator.leader();
    const pid = await processOf(leader);
    process.kill(pid, "SIGSTOP");
    try {
      const next = await ns.operator.leader((pod) => pod.metadata.uid !== leader.metadata.uid);
      await expectAccepted(await startRollout("error"));
      const resumedMs = Date.now();
      process.kill(pid, "SIGCONT");
      await ns.eventually("the first pod reports that it no longer leads", async () => {
        const text = await ns.operator.metrics(leader);
        return /leader_election_master_status\{.*\} 0/.test(text) ? true : undefined;
      });
      await expectAccepted(await startRollout("fatal"));
      // The kubelet has not replaced the resumed process.
      expect(await processOf(leader)).toBe(pid);
      const writers = (await ns.operator.writeRequests(resumedMs)).map(
        ({ user }) => user.extra?.["authentication.kubernetes.io/pod-name"]?.[0],
      );
      expect([...new Set(writers)]).toEqual([next.metadata.name]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("the API server is paused: the rollout continues afterwards, and the operator does not restart", async () => {
    const restarts = async () =>
      (await ns.operator.pods()).map(({ metadata, status }) => [
        metadata.uid,
        status.containerStatuses?.[0]?.restartCount,
      ]);
    const before = await restarts();
    const rollout = await startRollout("silent");
    await ns.cluster.signal("kube-apiserver", "SIGSTOP");
    try {
      // The kubelet restarts a container after three failed liveness probes, 10 s apart.
      await new Promise((resolve) => setTimeout(resolve, 40_000));
    } finally {
      await ns.cluster.signal("kube-apiserver", "SIGCONT");
    }
    await ns.eventually("the rollout is accepted", async () => {
      const { status } = await ns.app("web");
      return status?.phase === "Healthy" && status.stable?.rollout === rollout ? true : undefined;
    });
    expect(await restarts()).toEqual(before);
  });
});

describe("a new operator pod", () => {
  /** Waits until the leader has reconciled every app of this file and its queue is empty. */
  const settled = async (): Promise<void> => {
    const leader = await ns.operator.leader();
    await ns.eventually("the leader has reconciled every app", async () => {
      const text = await ns.operator.metrics(leader);
      const valueOf = (metric: RegExp): number => Number(metric.exec(text)?.[1] ?? 0);
      const reconciled = valueOf(/^controller_runtime_reconcile_total\{.*result="success".*\} (\d+)$/m);
      const queued = valueOf(/^workqueue_depth\{.*\} (\d+)$/m);
      return reconciled >= 3 && queued === 0 ? true : undefined;
    });
  };

  test("nothing has changed: it writes nothing", async () => {
    await ns.apply("bad", { replicas: 1 });
    await ns.healthy("bad");
    await ns.apply("bad", { replicas: 1, env: [{ name: "PORT", value: "none" }] });
    await ns.until("bad", ({ status }) => status.phase === "Degraded" && status.replicas === 1);
    // The operator still reports the end of the rollout.
    await ns.operator.quiet(ns.namespace);
    await ns.operator.scale(0);
    const stoppedMs = Date.now();
    await ns.operator.scale(2);
    await settled();
    expect(await ns.operator.writes(stoppedMs, ns.namespace)).toEqual([]);
  });

  test("it renders pods differently: pods restart only at the next change of the spec", async () => {
    const pods = (await ns.pods("other")).map(({ metadata }) => metadata.uid).toSorted();
    const lifecycleOf = async (): Promise<unknown> =>
      (await ns.deployment("other")).spec.template.spec.containers[0]?.["lifecycle"];
    const other = await buildOtherOperator();
    await ns.operator.quiet(ns.namespace);
    const startedMs = Date.now();
    await applyYaml(ns.cluster, await renderOperator(ns.cluster, other));
    try {
      await ns.operator.ready();
      await settled();
      expect(await ns.operator.writes(startedMs, ns.namespace)).toEqual([]);
      expect((await ns.pods("other")).map(({ metadata }) => metadata.uid).toSorted()).toEqual(pods);
      expect(await lifecycleOf()).toEqual({ preStop: { sleep: { seconds: 5 } } });
      await ns.apply("other", { image: ns.images.second });
      await ns.healthy("other");
      expect(await lifecycleOf()).toEqual({ preStop: { sleep: { seconds: 4 } } });
    } finally {
      await applyYaml(ns.cluster, await renderOperator(ns.cluster, ns.images.operator));
      await ns.operator.ready();
    }
  });

  /** Builds an operator that renders another drain time into pods, as a later release could. */
  async function buildOtherOperator(): Promise<string> {
    const request = imageOf("operator", "0.2.0");
    await using context = await mkdtempDisposable(join(tmpdir(), "demoapp-later-"));
    const [bundle, sbom] = ["dist/operator/main.js", "dist/operator/main.spdx.json"] as const;
    const text = await readFile(join(request.context, bundle), "utf8");
    const later = text.replace(/drainSeconds ?= ?5\b/, "drainSeconds=4");
    expect(later !== text).toBe(true);
    await mkdir(dirname(join(context.path, bundle)), { recursive: true });
    await writeFile(join(context.path, bundle), later);
    await copyFile(join(request.context, sbom), join(context.path, sbom));
    const { ref, digest } = await ns.cluster.build({ ...request, context: context.path });
    return `${ref}@${digest}`;
  }
});
