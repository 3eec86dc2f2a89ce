import { labels } from "../../operator/api/names.ts";
import { resources } from "../../operator/controller/resources.ts";
import type { Reported } from "../e2e/objects.ts";
import type { Fields } from "../sim/apiserver/json.ts";
import { isActive, isReady } from "../sim/controllers/workload.ts";
import { TestEnvironment, image } from "./environment.ts";
import { type FakeSetup, fakeSetup } from "./fake.ts";
import { selects } from "./podrecord.ts";

export type FakeEnvironment = TestEnvironment<FakeSetup>;

const replicas = 2;
const isDeployed =
  (tag: string) =>
  ({ status }: Reported): boolean =>
    status.phase === "Healthy" && status.stable?.image === image(tag) && status.readyReplicas === replicas;

/** Installs an app, updates it, updates it to a version that crashes, waits for the rollback and updates it again. */
async function updateThreeTimes(
  env: FakeEnvironment,
  { atUpdate, strategy = {} }: LifecycleOptions,
): Promise<void> {
  const deploy = (tag: string): Promise<void> => env.apply({ replicas, strategy, image: image(tag) });
  await deploy("1");
  await env.until(isDeployed("1"));
  await deploy("2");
  await atUpdate?.(env);
  await env.until(isDeployed("2"));
  await deploy("3-crash");
  await env.until(({ status: { phase, rejected } }) => phase === "Degraded" && rejected.length === 1);
  await deploy("4");
  await env.until(isDeployed("4"));
}

/** What every run of the lifecycle must end with, whatever faults occur. */
async function endOf(env: FakeEnvironment): Promise<object> {
  const { status } = await env.app();
  const { template } = (await env.deployment()).spec;
  return {
    phase: status.phase,
    ready: status.conditions?.find(({ type }) => type === "Ready")?.status,
    blockers: status.blockers,
    rollouts: status.history.map((rollout) => `${rollout.rollout} ${rollout.image} ${rollout.outcome}`),
    rejected: status.rejected.map(({ reason }) => reason),
    hash: (template.metadata as { labels?: Record<string, string> }).labels?.[labels.hash],
    images: template.spec.containers.map((container) => container.image),
    pods: (await env.pods()).length,
    deployments: await env.names(resources.Deployment),
    selector: (await env.service()).spec.selector,
  };
}

/** The fewest ready pods that the Service selected since all replicas were ready, recorded at each change. */
function recordFewestReady({ setup: { server }, ref }: FakeEnvironment): () => number {
  const { store } = server.api;
  const [pods, services] = [server.api.kind("pods."), server.api.kind("services.")];
  let fewest = Infinity;
  store.onChange(({ kind }) => {
    if (kind !== pods && kind !== services) return;
    const service = store.get(services, ref.namespace, ref.name);
    const ready = store
      .list(pods)
      .filter((pod) => isActive(pod) && isReady(pod) && selects(service, pod)).length;
    if (ready >= replicas || fewest < Infinity) fewest = Math.min(fewest, ready);
  });
  return () => fewest;
}

interface LifecycleOptions {
  readonly speed?: number | undefined;
  /** `spec.strategy` of the app. */
  readonly strategy?: Fields | undefined;
  /** Starts the operators; the returned function runs once the end is reached. */
  readonly start: (env: FakeEnvironment) => Promise<(() => Promise<void>) | undefined>;
  /** Runs in the middle of the first update. */
  readonly atUpdate?: ((env: FakeEnvironment) => Promise<void>) | undefined;
}

export interface LifecycleResult {
  readonly end: object;
  readonly fewestReady: number;
  /** How often each end of a rollout was reported, by `reason: message`. */
  readonly outcomeEvents: Readonly<Record<string, number>>;
}

async function outcomeEventsOf({ client, setup }: FakeEnvironment): Promise<Record<string, number>> {
  const { items } = await client.list(resources.Event, { namespace: setup.namespace });
  const events = items as readonly { reason?: string; message?: string; count?: number }[];
  const counts: Record<string, number> = {};
  for (const { reason = "", message = "", count = 1 } of events) {
    // The message of a rejection names a pod, whose name is random.
    const key = `${reason}: ${message.slice(0, "Rollout 1 of".length)}`;
    if (/^(RolloutAccepted|RevisionRejected)$/.test(reason)) counts[key] = (counts[key] ?? 0) + count;
  }
  return counts;
}

/** Runs the lifecycle of an app on a fake API server of its own. */
export async function runLifecycle(options: LifecycleOptions): Promise<LifecycleResult> {
  const { speed, start } = options;
  return TestEnvironment.use(await fakeSetup(speed), async (env) => {
    const fewestReady = recordFewestReady(env);
    const finish = await start(env);
    await updateThreeTimes(env, options);
    const end = await endOf(env);
    await finish?.();
    return { end, fewestReady: fewestReady(), outcomeEvents: await outcomeEventsOf(env) };
  });
}
