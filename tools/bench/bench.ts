import { createClient, type ApiClient } from "../../operator/runtime/client.ts";
import type { Progress } from "../cluster/progress.ts";
import type { Cluster } from "../cluster/provider.ts";
import { applyCrd, freshNamespace, kinds, removeNamespace } from "../objects.ts";
import { until } from "../cluster/command.ts";
import { type Column, bare, imageOf, operated } from "./column.ts";
import { Observer } from "./observer.ts";
import { OperatorProcess } from "./operator.ts";
import { atRate, delay, inParallel, percentile } from "./pace.ts";
import type { Cost, Report, Round, Speed } from "./report.ts";
import { type Requests, difference, per, total, writesAmong } from "./requests.ts";

/** How much is done. */
export interface Size {
  readonly rounds: readonly { readonly apps: number; readonly perSecond: number }[];
  readonly changes: number;
  readonly quietSeconds: number;
}

/** Requests in flight while apps are created. */
const creators = 10;
const deadlineMs = 600_000;
/** Apps made and changed before anything is measured, so that neither column pays for cold caches of the cluster. */
const warmUp = { apps: 20, changes: 5, perSecond: 4 };

interface Bench {
  readonly cluster: Cluster;
  readonly client: ApiClient;
  readonly progress: Progress;
  readonly size: Size;
}

interface Work {
  readonly apps: number;
  readonly changes: number;
  readonly perSecond: number;
}

const nameOf = (index: number): string => `app-${index}`;

/** Rejects if `work` takes too long, and says which apps are not ready. */
async function withinDeadline<T>(observer: Observer, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const waiting = observer.awaited;
    reject(new Error(`not ready after ${deadlineMs / 1000} s: ${waiting.length} apps, ${waiting[0]} first`));
  }, deadlineMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The work that is measured, in one namespace, and what to do between its two parts. */
interface Run {
  readonly column: Column;
  readonly work: Work;
  readonly namespace: string;
  readonly onCreated?: () => Promise<void>;
}

/** Creates the apps, then changes some at a steady rate; gives how long apps took until they were ready. */
async function run(client: ApiClient, { column, work, namespace, onCreated }: Run): Promise<Speed> {
  const observer = await Observer.start(client, column, namespace);
  try {
    const startMs = performance.now();
    const created = inParallel(work.apps, creators, (index) =>
      column.create(client, { namespace, name: nameOf(index) }),
    );
    await withinDeadline(observer, created);
    const ready = Array.from({ length: work.apps }, (_, index) => observer.readyAtMs(nameOf(index), 1));
    const readyAtMs = await withinDeadline(observer, Promise.all(ready));
    await onCreated?.();
    const changed = atRate(work.changes, work.perSecond, async (index) => {
      const name = nameOf(index % work.apps);
      const sentMs = performance.now();
      const generation = await column.change(client, { namespace, name }, imageOf(index + 1));
      return (await observer.readyAtMs(name, generation)) - sentMs;
    });
    const tookMs = await withinDeadline(observer, changed);
    return {
      allReadyMs: Math.max(...readyAtMs) - startMs,
      p50Ms: percentile(tookMs, 0.5),
      p99Ms: percentile(tookMs, 0.99),
    };
  } finally {
    await observer.stop();
  }
}

/** Removes all of a run and waits until it is gone, so that it is no load on the next. */
async function clear(client: ApiClient, namespace: string): Promise<void> {
  await removeNamespace(client, namespace);
  await until(`namespace ${namespace} removed`, deadlineMs, async () => {
    const { items } = await client.list(kinds.Namespace, { fieldSelector: `metadata.name=${namespace}` });
    return items.length === 0 ? true : undefined;
  });
}

async function bareRun({ client, progress }: Bench, work: Work): Promise<Speed> {
  return progress.step(`${work.apps} bare Deployments, ${work.perSecond}/s`, async () => {
    const namespace = await freshNamespace(client, "bench-bare");
    const speed = await run(client, { column: bare, work, namespace });
    await clear(client, namespace);
    return speed;
  });
}

interface Operated {
  readonly speed: Speed;
  readonly cost: Cost;
  readonly namespace: string;
}

/** The same with the operator, and what it cost the operator. */
async function operatedRun(
  { client, progress }: Bench,
  operator: OperatorProcess,
  work: Work,
): Promise<Operated> {
  return progress.step(`${work.apps} DemoApps, ${work.perSecond}/s`, async () => {
    const namespace = await freshNamespace(client, "bench-demoapp");
    const cpuMs: number[] = [];
    const requests: Requests[] = [];
    // In this order: asking for metrics costs the operator time of its own.
    const note = async (): Promise<void> => {
      await operator.idle();
      cpuMs.push(operator.cpuMs);
      requests.push(await operator.requests());
      await operator.idle();
      cpuMs.push(operator.cpuMs);
    };
    await note();
    const speed = await run(client, { column: operated, work, namespace, onCreated: note });
    await note();
    const [, startCpuMs = 0, createdCpuMs = 0, changingCpuMs = 0, changedCpuMs = 0] = cpuMs;
    const [, created = {}, changed = {}] = requests;
    const asked = per(work.changes, difference(changed, created));
    const cost = {
      cpuMsPerApp: (createdCpuMs - startCpuMs) / work.apps,
      cpuMsPerChange: (changedCpuMs - changingCpuMs) / work.changes,
      requestsPerChange: total(asked),
      writesPerChange: total(writesAmong(asked)),
      byKind: asked,
      peakRssMiB: operator.peakRssMiB,
    };
    return { speed, cost, namespace };
  });
}

/** Writes, the Lease's apart, while nothing happens. */
async function quietWrites({ progress, size }: Bench, operator: OperatorProcess): Promise<Requests> {
  return progress.step(`${size.quietSeconds} quiet seconds`, async () => {
    const before = await operator.requests();
    await delay(size.quietSeconds * 1000);
    return writesAmong(difference(await operator.requests(), before));
  });
}

/** Starts a new operator beside the apps that are there, and lets it come to rest. */
async function restarted({ cluster, progress }: Bench): Promise<Report["restart"]> {
  return progress.step("operator restarted", async () => {
    const startMs = performance.now();
    const operator = await OperatorProcess.start(cluster.kubeconfig);
    try {
      const ready = { readyMs: performance.now() - startMs, readyCpuMs: operator.cpuMs };
      await operator.idle();
      const settledCpuMs = operator.cpuMs;
      const writes = writesAmong(await operator.requests());
      return { ...ready, settledCpuMs, peakRssMiB: operator.peakRssMiB, writes };
    } finally {
      await operator.stop();
    }
  });
}

interface Last {
  readonly quiet: Requests;
  readonly restart: Report["restart"];
}

/** One round: bare objects, then DemoApps with an operator of their own; `after` runs beside the DemoApps. */
async function round(
  bench: Bench,
  work: Work,
  after?: (operator: OperatorProcess) => Promise<Last>,
): Promise<{ round: Round; last: Last | undefined }> {
  const bareSpeed = await bareRun(bench, work);
  const operator = await OperatorProcess.start(bench.cluster.kubeconfig);
  try {
    const { speed, cost, namespace } = await operatedRun(bench, operator, work);
    const last = await after?.(operator);
    await operator.stop();
    // Nothing comes after the last round: it need not wait.
    if (last !== undefined) await removeNamespace(bench.client, namespace);
    else await bench.progress.step(`${work.apps} DemoApps removed`, () => clear(bench.client, namespace));
    return { round: { ...work, bare: bareSpeed, operated: speed, operator: cost }, last };
  } finally {
    await operator.stop();
  }
}

/** Runs the whole benchmark on a cluster that is up. */
export async function bench(cluster: Cluster, size: Size, progress: Progress): Promise<Report> {
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  const all = { cluster, client, progress, size };
  try {
    await applyCrd(client);
    await round(all, warmUp);
    const rounds: Round[] = [];
    let last: Last | undefined;
    for (const [index, { apps, perSecond }] of size.rounds.entries()) {
      const isLast = index === size.rounds.length - 1;
      const atRest = async (operator: OperatorProcess): Promise<Last> => {
        const quiet = await quietWrites(all, operator);
        await operator.stop();
        return { quiet, restart: await restarted(all) };
      };
      const done = await round(all, { apps, perSecond, changes: size.changes }, isLast ? atRest : undefined);
      rounds.push(done.round);
      last = done.last;
    }
    if (last === undefined) throw new Error("a benchmark has at least one round");
    const quiet = { seconds: size.quietSeconds, writes: last.quiet };
    return { rounds, quiet, restart: last.restart };
  } finally {
    await client.close();
  }
}
