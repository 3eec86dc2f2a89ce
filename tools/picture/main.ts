// `node tools/run.mjs tools/picture/main.ts`: follows a canary on a cluster with fake nodes, and draws docs/canary.svg.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deploymentName } from "../../operator/api/names.ts";
import type { DemoAppStatus } from "../../operator/api/schema.ts";
import { resources } from "../../operator/controller/resources.ts";
import type { KubeObject, ResourceType } from "../../operator/runtime/client.ts";
import { type Bench, withBench } from "../bench/bench.ts";
import { imageOf, operated } from "../bench/column.ts";
import { observe } from "../bench/observer.ts";
import { OperatorProcess } from "../bench/operator.ts";
import { consoleProgress } from "../cluster/progress.ts";
import { clusterFor } from "../cluster/provider.ts";
import { bundle } from "../images.ts";
import { freshNamespace } from "../objects.ts";
import { script } from "../script.ts";
import { type Moment, picture } from "./draw.ts";

const file = join(import.meta.dirname, "../../docs/canary.svg");
const name = "web";
const bounds = { replicas: 4, most: 5 };
const pause = { seconds: 10 };
const canary = { maxSurge: 1, steps: [{ setWeight: 25 }, { pause }, { setWeight: 50 }, { pause }] };
/** Pods of fake nodes are ready at once. */
const minReadySeconds = 5;
const column = operated({
  replicas: bounds.replicas,
  minReadySeconds,
  strategy: { type: "Canary", canary },
});

/** "25%", "pause" or "promoting"; empty at rest. */
function doingOf({ phase = "Healthy", step }: DemoAppStatus): string {
  const weight = /^setWeight (\d+)$/.exec(step?.name ?? "")?.[1];
  if (weight !== undefined) return `${weight}%`;
  if (step !== undefined) return "pause";
  return phase === "Healthy" ? "" : phase.toLowerCase();
}

/** What an event says about the present moment. */
function news({ kind, metadata, status = {} }: KubeObject): Partial<Moment> {
  if (kind === "DemoApp") {
    const { weight } = status as DemoAppStatus;
    return { weight, doing: doingOf(status as DemoAppStatus) };
  }
  const { availableReplicas: available = 0 } = status as { readonly availableReplicas?: number };
  return { [metadata.name === deploymentName(name, "candidate") ? "candidate" : "stable"]: available };
}

/** The moments of a canary, from the change of the image until the app is healthy. */
async function record({ client, cluster, progress, signal }: Bench): Promise<readonly Moment[]> {
  await OperatorProcess.start(cluster.kubeconfig, signal);
  const namespace = await freshNamespace(client, "picture");
  const moments: Moment[] = [];
  const follow = async (resource: ResourceType, startMs: number): Promise<void> => {
    const { metadata } = await client.list(resource, { namespace });
    const { resourceVersion = "" } = metadata;
    const options = { namespace, resourceVersion, timeoutSeconds: 3_600, allowWatchBookmarks: false };
    for await (const { type, object } of client.watch(resource, options, signal)) {
      if (type === "ERROR") throw new Error(`a watch failed: ${object.message}`);
      const seconds = (performance.now() - startMs) / 1000;
      const before = moments.at(-1) as Moment;
      moments.push({ ...before, ...(type === "DELETED" ? { candidate: 0 } : news(object)), seconds });
    }
  };
  await observe(client, { column, namespace }, async (readyAtMs) => {
    await column.create(client, { namespace, name });
    await readyAtMs(name, 1);
    moments.push({ seconds: 0, stable: bounds.replicas, candidate: 0, weight: undefined, doing: "" });
    const startMs = performance.now();
    const following = [resources.DemoApp, resources.Deployment].map((one) => follow(one, startMs));
    const work = async (): Promise<void> => {
      const generation = await column.change(client, { namespace, name }, imageOf(1));
      await progress.step("a canary", () => readyAtMs(name, generation));
    };
    await Promise.race([work(), ...following]);
  });
  return moments;
}

await script(async () => {
  const progress = consoleProgress();
  const cluster = await clusterFor("picture", "kwok");
  bundle("operator");
  try {
    await cluster.up(progress);
    const moments = await withBench(cluster, progress, record);
    writeFileSync(file, picture(moments, bounds));
    progress.note(`wrote ${file}`);
  } finally {
    await cluster.down(progress);
  }
});
