import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import type { Progress } from "../cluster/progress.ts";
import type { Cluster } from "../cluster/provider.ts";
import { applyCrd, freshNamespace, removeNamespace } from "../objects.ts";
import { type Column, bare, imageOf, operated } from "./column.ts";
import { observe } from "./observer.ts";
import { OperatorProcess } from "./operator.ts";
import { atRate, inParallel, percentile } from "./pace.ts";
import type { Cost, Quiet, Report, Round, Speed } from "./report.ts";
import { difference, per, total, writesAmong } from "./requests.ts";

export interface Size {
  readonly rounds: readonly { readonly apps: number; readonly perSecond: number }[];
  /** Changes in each round. */
  readonly changes: number;
  readonly quietSeconds: number;
}

/** One round: create so many apps, then change the image of some at a steady rate. */
export type Work = Pick<Round, "apps" | "changes" | "perSecond">;

/** Parallel requests that create or edit apps. */
export const creators = 10;
/** A round before the measurement, so that no column pays for the cluster's cold caches. */
export const warmUp: Work = { apps: 20, changes: 5, perSecond: 4 };

export interface Bench {
  readonly cluster: Cluster;
  readonly client: ApiClient;
  readonly progress: Progress;
  /** Ends the operator's processes when aborted. */
  readonly signal: AbortSignal;
}

export const nameOf = (index: number): string => `app-${index}`;

/** Creates and changes the apps of one column in a namespace of its own; `onCreated` runs between the two parts. */
async function run(
  { client }: Bench,
  { column, work }: { readonly column: Column; readonly work: Work },
  onCreated?: () => Promise<void>,
): Promise<{ readonly speed: Speed; readonly namespace: string }> {
  const namespace = await freshNamespace(client, "bench");
  const speed = await observe(client, { column, namespace }, async (readyAtMs) => {
    const startMs = performance.now();
    await inParallel(work.apps, creators, (index) =>
      column.create(client, { namespace, name: nameOf(index) }),
    );
    const ready = Array.from({ length: work.apps }, (_, index) => readyAtMs(nameOf(index), 1));
    const readyMs = await Promise.all(ready);
    await onCreated?.();
    const changingMs = performance.now();
    const tookMs = await atRate(work.changes, work.perSecond, async (index) => {
      const name = nameOf(index % work.apps);
      const sentMs = performance.now();
      const generation = await column.change(client, { namespace, name }, imageOf(index + 1));
      return (await readyAtMs(name, generation)) - sentMs;
    });
    return {
      allReadyMs: Math.max(...readyMs) - startMs,
      allChangedMs: performance.now() - changingMs,
      p50Ms: percentile(tookMs, 0.5),
      p99Ms: percentile(tookMs, 0.99),
    };
  });
  return { speed, namespace };
}

/** Removes a namespace and waits until it is gone, so that the removal does not load the next round. */
export const clear = ({ cluster }: Bench, namespace: string): Promise<string> =>
  kubectl(cluster, ["delete", "namespace", namespace, "--timeout=10m"]);

/** Measures DemoApps with a new operator process. The operator and the DemoApps stay. */
export async function measureOperated(bench: Bench, work: Work, column = operated()) {
  const { apps, changes } = work;
  const operator = await OperatorProcess.start(bench.cluster.kubeconfig, bench.signal);
  const started = await operator.read();
  let created = started;
  const { speed, namespace } = await run(bench, { column, work }, async () => {
    created = await operator.read();
  });
  const changed = await operator.read();
  const byKind = per(changes, difference(changed.requests, created.requests));
  const cost: Cost = {
    cpuMsPerApp: (created.beforeMs - started.afterMs) / apps,
    writesPerApp: total(writesAmong(per(apps, difference(created.requests, started.requests)))),
    cpuMsPerChange: (changed.beforeMs - created.afterMs) / changes,
    requestsPerChange: total(byKind),
    writesPerChange: total(writesAmong(byKind)),
    byKind,
    peakRssMiB: operator.peakRssMiB,
  };
  return { speed, cost, operator, namespace };
}

const measureBare = (bench: Bench, work: Work): Promise<Speed> =>
  bench.progress.step(`${work.apps} bare Deployments, ${work.perSecond}/s`, async () => {
    const { speed, namespace } = await run(bench, { column: bare, work });
    await clear(bench, namespace);
    return speed;
  });

/** Above so many apps only DemoApps are measured: Kubernetes needs a quarter of an hour for each column. */
const maxBareApps = 1_000;

/** Measures bare objects, then DemoApps. The operator and the DemoApps stay. */
async function measure(bench: Bench, work: Work) {
  const { progress } = bench;
  const { apps, perSecond } = work;
  const bareSpeed = apps > maxBareApps ? undefined : await measureBare(bench, work);
  return progress.step(`${apps} DemoApps, ${perSecond}/s`, async () => {
    const { speed, cost, operator, namespace } = await measureOperated(bench, work);
    const round: Round = { ...work, bare: bareSpeed, operated: speed, operator: cost };
    return { round, operator, namespace };
  });
}

/** Counts writes, without those of the Lease, while nothing changes. */
export async function quiet({ progress }: Bench, operator: OperatorProcess, seconds: number): Promise<Quiet> {
  return progress.step(`${seconds} quiet seconds`, async () => {
    const before = await operator.read();
    await delay(seconds * 1000);
    const cpuMs = operator.cpuMs - before.afterMs;
    return { seconds, cpuMs, writes: writesAmong(difference(await operator.requests(), before.requests)) };
  });
}

/** Starts an operator while the DemoApps exist, and waits until it is idle. */
async function restart({ cluster, progress, signal }: Bench): Promise<Report["restart"]> {
  return progress.step("operator restarted", async () => {
    const startMs = performance.now();
    const operator = await OperatorProcess.start(cluster.kubeconfig, signal);
    const ready = { readyMs: performance.now() - startMs, readyCpuMs: operator.cpuMs };
    await operator.idle();
    const settledCpuMs = operator.cpuMs;
    const writes = writesAmong(await operator.requests());
    const { peakRssMiB } = operator;
    await operator.stop();
    return { ...ready, settledCpuMs, peakRssMiB, writes };
  });
}

/** Does `work` on a cluster that is up. All its operators end with it. */
export async function withBench<T>(
  cluster: Cluster,
  progress: Progress,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  const stopping = new AbortController();
  try {
    await applyCrd(client);
    return await work({ cluster, client, progress, signal: stopping.signal });
  } finally {
    stopping.abort();
    await client.close();
  }
}

/** Runs the whole benchmark. */
export async function compareWithBare(all: Bench, size: Size): Promise<Report> {
  let last = await measure(all, warmUp);
  const rounds: Round[] = [];
  for (const round of size.rounds) {
    const { operator, namespace } = last;
    await operator.stop();
    await all.progress.step("DemoApps removed", () => clear(all, namespace));
    last = await measure(all, { ...round, changes: size.changes });
    rounds.push(last.round);
  }
  const atRest = await quiet(all, last.operator, size.quietSeconds);
  await last.operator.stop();
  const restarted = await restart(all);
  // No round follows: don't wait for the removal.
  await removeNamespace(all.client, last.namespace);
  return { rounds, quiet: atRest, restart: restarted };
}
