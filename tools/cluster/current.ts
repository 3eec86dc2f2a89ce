import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command, succeeds } from "./command.ts";
import { dockerBuild } from "./docker.ts";
import { cacheRoot } from "./embedded/paths.ts";
import type { Progress } from "./progress.ts";
import type { BuildRequest, BuiltImage, Cluster, ClusterStatus, ComponentName, Mode } from "./provider.ts";

/**
 * The cluster of the present kube context, used only when DEMOAPP_CLUSTER=current names it: whoever does so
 * says that it may be written to. It is neither started nor removed here, and its components aren't touched.
 * Not run by this project's own pipeline.
 */
export class CurrentCluster implements Cluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly kubectl = "kubectl";
  readonly inside: readonly string[] = [];

  constructor(name: string, mode: Mode) {
    if (mode === "kwok")
      throw new Error("mode kwok needs the embedded provider: set DEMOAPP_CLUSTER=embedded");
    this.name = name;
    this.kubeconfig = join(cacheRoot(), "current", `${name}.kubeconfig`);
  }

  get registry(): string {
    const registry = process.env.DEMOAPP_REGISTRY;
    if (!registry)
      throw new Error("set DEMOAPP_REGISTRY to a registry (host:port/path) the cluster can pull from");
    return registry;
  }

  async up(progress: Progress): Promise<void> {
    await progress.step("present kube context answers", async () => {
      // A copy of this one context: a later `kubectl config use-context` must not move a running test.
      const minified = await command([
        "kubectl",
        "config",
        "view",
        "--minify",
        "--flatten",
        "--raw",
        "-o",
        "yaml",
      ]);
      await mkdir(dirname(this.kubeconfig), { recursive: true });
      await writeFile(this.kubeconfig, minified, { mode: 0o600 });
      await command(["kubectl", "--kubeconfig", this.kubeconfig, "get", "--raw", "/readyz"]);
    });
  }

  down(progress: Progress): Promise<void> {
    progress.note("the cluster of the present kube context is left as it is");
    return Promise.resolve();
  }

  async status(): Promise<ClusterStatus> {
    const up = await succeeds(["kubectl", "--kubeconfig", this.kubeconfig, "get", "--raw", "/readyz"]);
    return { state: up ? "up" : "down", provider: "current", components: [] };
  }

  logFile(): undefined {
    return undefined;
  }

  pause(component: ComponentName): Promise<void> {
    return notOurs(component);
  }

  resume(component: ComponentName): Promise<void> {
    return notOurs(component);
  }

  kill(component: ComponentName): Promise<void> {
    return notOurs(component);
  }

  start(component: ComponentName): Promise<void> {
    return notOurs(component);
  }

  build(request: BuildRequest): Promise<BuiltImage> {
    return dockerBuild({ push: this.registry, pull: this.registry }, request);
  }
}

const notOurs = (component: ComponentName): Promise<never> =>
  Promise.reject(new Error(`${component} of a cluster that is not ours is never stopped`));
