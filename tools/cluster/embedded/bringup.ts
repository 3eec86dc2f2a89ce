import type { Progress } from "../progress.ts";
import type { ComponentName } from "../provider.ts";
import { Api } from "./api.ts";
import { specOf } from "./components.ts";
import type { Layout } from "./components.ts";
import { writeConfigs } from "./config.ts";
import { ensurePauseImage } from "./images.ts";
import type { Processes } from "./processes.ts";
import { addFakeNodes, waitForControllers, waitForNode, waitUntilReady } from "./readiness.ts";

/** A prepared cluster whose processes are to be started. */
interface Startable {
  readonly layout: Layout;
  readonly processes: Processes;
}

/** Starts one component, unless it runs, and waits until it serves. */
export async function startOne(name: ComponentName, { layout, processes }: Startable): Promise<void> {
  const api = new Api(layout.paths.pki, layout.address);
  try {
    await processes.ensure(specOf(name, layout));
    await waitUntilReady(name, processes, { api, layout });
  } finally {
    api.close();
  }
}

/** Starts whatever of the cluster does not run yet, and waits until the whole of it is usable. */
export async function startAll(cluster: Startable, progress: Progress): Promise<void> {
  const { layout } = cluster;
  await writeConfigs(layout);
  const start = (name: ComponentName): Promise<void> =>
    progress.step(`${name} ready`, () => startOne(name, cluster));
  const runtime = layout.mode === "node" ? startRuntime(layout, start, progress) : Promise.resolve();
  await Promise.all([startControlPlane(start), runtime]);
  const api = new Api(layout.paths.pki, layout.address);
  try {
    await startNodes(layout, start, { api, progress });
    await progress.step("default namespace ready", () => waitForControllers(api));
  } finally {
    api.close();
  }
}

type Start = (name: ComponentName) => Promise<void>;

async function startControlPlane(start: Start): Promise<void> {
  await start("etcd");
  await start("kube-apiserver");
  await Promise.all([start("kube-controller-manager"), start("kube-scheduler")]);
}

async function startRuntime(layout: Layout, start: Start, progress: Progress): Promise<void> {
  await Promise.all([start("registry"), start("containerd")]);
  await progress.step("sandbox image pushed", () => ensurePauseImage(layout.paths));
}

async function startNodes(
  layout: Layout,
  start: Start,
  { api, progress }: { api: Api; progress: Progress },
): Promise<void> {
  if (layout.mode === "kwok") {
    await start("kwok");
    await progress.step("fake nodes ready", () => addFakeNodes(api));
  }
  if (layout.mode === "node") {
    await Promise.all([start("kubelet"), start("kube-proxy")]);
    await progress.step("node ready", () => waitForNode(api));
  }
}
