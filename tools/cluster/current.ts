import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command } from "./command.ts";
import { cacheRoot } from "./embedded/paths.ts";
import { ExternalCluster } from "./external.ts";
import { isReady } from "./kubectl.ts";
import type { Progress } from "./progress.ts";
import type { ComponentName, Mode } from "./provider.ts";

/**
 * The cluster of the current kube context, used only if DEMOAPP_CLUSTER=current. Tests and the demo write to it, but
 * never start it, remove it or stop its components. This project's pipeline does not test this provider.
 */
export class CurrentCluster extends ExternalCluster {
  protected readonly provider = "current";
  readonly kubeconfig: string;

  constructor(name: string, mode: Mode) {
    super(name);
    if (mode === "kwok")
      throw new Error("mode kwok needs the embedded provider: set DEMOAPP_CLUSTER=embedded");
    this.kubeconfig = join(cacheRoot(), "current", `${name}.kubeconfig`);
  }

  get registry(): string {
    const registry = process.env.DEMOAPP_REGISTRY;
    if (!registry)
      throw new Error("set DEMOAPP_REGISTRY to a registry (host:port/path) the cluster can pull from");
    return registry;
  }

  async up(progress: Progress): Promise<void> {
    await progress.step("current kube context answers", async () => {
      // A copy of this one context: a later `kubectl config use-context` must not redirect a running test.
      const view = ["config", "view", "--minify", "--flatten", "--raw", "-o", "yaml"];
      const kubeconfig = await command(["kubectl", ...view]);
      await mkdir(dirname(this.kubeconfig), { recursive: true });
      await writeFile(this.kubeconfig, kubeconfig, { mode: 0o600 });
      await command(["kubectl", "--kubeconfig", this.kubeconfig, "get", "--raw", "/readyz"]);
    });
  }

  down(progress: Progress): Promise<void> {
    progress.note("the cluster of the current kube context is left unchanged");
    return Promise.resolve();
  }

  signal(component: ComponentName): Promise<void> {
    return Promise.reject(new Error(`${component} is part of an existing cluster, which is never stopped`));
  }

  start(component: ComponentName): Promise<void> {
    return this.signal(component);
  }

  protected exists(): Promise<boolean> {
    return isReady(this);
  }
}
