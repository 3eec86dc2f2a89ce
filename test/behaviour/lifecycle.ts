import { labels } from "../../operator/api/names.ts";
import type { Reported } from "../e2e/place.ts";
import { conditionOf, isActive } from "../sim/controllers/workload.ts";
import type { FakeGround } from "./fake.ts";
import { type World, image } from "./world.ts";

const spec = { replicas: 2 };
const isServed = (tag: string) => (app: Reported) =>
  app.status.phase === "Healthy" && app.status.stable?.image === image(tag) && app.status.readyReplicas === 2;

/** An app's life in short: installed, updated, updated to what crashes, rolled back, corrected. */
export async function tell(world: World, atUpdate?: () => Promise<void>): Promise<void> {
  await world.apply(spec);
  await world.until(isServed("1"));
  await world.apply({ ...spec, image: image("2") });
  await atUpdate?.();
  await world.until(isServed("2"));
  await world.apply({ ...spec, image: image("3-crash") });
  await world.until(({ status: { phase, rejected } }) => phase === "Degraded" && rejected.length === 1);
  await world.apply({ ...spec, image: image("4") });
  await world.until(isServed("4"));
}

/** What must be the same in the end, whatever went wrong on the way. */
export async function ending(world: World): Promise<object> {
  const { status } = (await world.app()) as Reported;
  const { spec } = await world.deployment();
  return {
    phase: status.phase,
    ready: status.conditions?.find(({ type }) => type === "Ready")?.status,
    blockers: status.blockers,
    rollouts: status.history.map(({ rollout, image, outcome }) => `${rollout} ${image} ${outcome}`),
    rejected: status.rejected.map(({ reason }) => reason),
    hash: (spec.template.metadata as { labels?: Record<string, string> }).labels?.[labels.hash],
    images: spec.template.spec.containers.map((container) => container.image),
    pods: (await world.pods()).length,
  };
}

/** Watches from inside the server how few pods were ready at a time, once there were `replicas`. */
export function fewestReady({ server }: FakeGround, replicas: number): () => number {
  const pods = server.api.kind("pods.");
  let fewest = Infinity;
  server.api.store.onChange(({ kind }) => {
    if (kind !== pods) return;
    const all = server.api.store.list(pods);
    const ready = all.filter(
      (pod) => isActive(pod) && conditionOf(pod, "Ready")?.["status"] === "True",
    ).length;
    if (ready >= replicas || fewest < Infinity) fewest = Math.min(fewest, ready);
  });
  return () => fewest;
}
