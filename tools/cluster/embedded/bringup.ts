import type { Progress } from "../progress.ts";
import type { ComponentName } from "../provider.ts";
import { componentsOf, specOf } from "./components.ts";
import type { Layout } from "./components.ts";
import { writeConfigs } from "./config.ts";
import { ensurePauseImage } from "./images.ts";
import type { Processes } from "./processes.ts";
import { addFakeNodes, waitForControllers, waitForNodes, waitUntilReady } from "./readiness.ts";

/** The components that must be ready before a component starts. */
const dependenciesOf: Partial<Record<ComponentName, readonly ComponentName[]>> = {
  "kube-apiserver": ["etcd"],
  "kube-controller-manager": ["kube-apiserver"],
  "kube-scheduler": ["kube-apiserver"],
  kubelet: ["kube-apiserver", "containerd"],
  "kube-proxy": ["kube-apiserver"],
  kwok: ["kube-apiserver"],
};

/** Work that follows when a component is ready. */
const followUps: Partial<
  Record<ComponentName, { readonly title: string; readonly work: (layout: Layout) => Promise<unknown> }>
> = {
  "kube-controller-manager": { title: "default namespace ready", work: waitForControllers },
  registry: { title: "sandbox image pushed", work: ({ paths }) => ensurePauseImage(paths) },
  kubelet: { title: "node ready", work: waitForNodes },
  kwok: { title: "fake nodes ready", work: addFakeNodes },
};

/** Starts one component, unless it runs, and waits until it is ready. */
export async function startOne(name: ComponentName, layout: Layout, processes: Processes): Promise<void> {
  await processes.ensure(specOf(name, layout));
  await waitUntilReady(name, processes, layout);
}

/** Starts every component that doesn't run, each as soon as its dependencies are ready, and waits for all. */
export async function startAll(layout: Layout, processes: Processes, progress: Progress): Promise<void> {
  await writeConfigs(layout);
  const ready = new Map<ComponentName, Promise<void>>();
  const start = async (name: ComponentName): Promise<void> => {
    await Promise.all((dependenciesOf[name] ?? []).map(async (dependency) => ready.get(dependency)));
    await progress.step(`${name} ready`, () => startOne(name, layout, processes));
  };
  const followUp = async (name: ComponentName): Promise<void> => {
    await ready.get(name);
    const step = followUps[name];
    if (step !== undefined) await progress.step(step.title, () => step.work(layout));
  };
  const names = componentsOf[layout.mode];
  for (const name of names) ready.set(name, start(name));
  await Promise.all(names.map(followUp));
}
