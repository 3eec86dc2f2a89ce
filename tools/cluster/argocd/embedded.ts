import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command } from "../command.ts";
import { patiently } from "./cli.ts";
import { ensureDebianPackages } from "../embedded/debian.ts";
import { withLock } from "../embedded/lock.ts";
import { clusterLock, clusterPaths } from "../embedded/paths.ts";
import type { ClusterPaths } from "../embedded/paths.ts";
import { processesOf } from "../embedded/processes.ts";
import type { Processes } from "../embedded/processes.ts";
import { listens, waitForProcess } from "../embedded/readiness.ts";
import { silent } from "../progress.ts";
import type { Progress } from "../progress.ts";
import type { Cluster } from "../provider.ts";
import type { ArgoCd, ArgoCdComponent } from "./argocd.ts";
import {
  argoCdComponents,
  kubeconfigOf,
  readyPort,
  scratchOf,
  specOf,
  withServiceAccount,
} from "./components.ts";
import { doors, waitForDoors } from "./doors.ts";
import { ensureIdentity, inArgoCdNamespace, writePrivately } from "./identities.ts";
import { Kubectl } from "./kubectl.ts";
import { withoutPods } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { renderInstallation } from "./render.ts";
import { ensureArgoCd } from "./toolchain.ts";

/**
 * Argo CD as processes in the network and cgroup of an embedded cluster: its real controllers and repo server,
 * configured by the rendered manifests. What they write is below the cluster's state folder.
 */
export class EmbeddedArgoCd implements ArgoCd {
  readonly #cluster: Cluster;
  readonly #paths: ClusterPaths;
  readonly #processes: Processes;
  readonly #kubectl: Kubectl;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#paths = clusterPaths(cluster.name);
    this.#processes = processesOf(this.#paths);
    this.#kubectl = new Kubectl(cluster);
  }

  async up(progress: Progress): Promise<void> {
    await ensureDebianPackages("argocd", progress);
    const binaries = await ensureArgoCd(progress);
    await withLock(clusterLock(this.#cluster.name), async () => {
      await this.#requireNode();
      const objects = await renderInstallation(join(binaries.folder, "kustomize"), binaries.manifests);
      await progress.step("Argo CD's kinds and settings applied", () => this.#apply(objects));
      await this.#writeCommand(join(binaries.client, "argocd"));
      const start = (one: ArgoCdComponent): Promise<void> =>
        progress.step(`${one} ready`, () => this.#start(one, { binaries: binaries.folder, objects }));
      await Promise.all([...argoCdComponents.map(start), waitForDoors(this.#kubectl)]);
    });
  }

  cli(...args: readonly string[]): Promise<string> {
    return patiently(() => command([this.#command, ...args]));
  }

  get environment(): Readonly<Record<string, string>> {
    const folders = [dirname(this.#command), dirname(this.#cluster.kubectl), process.env.PATH ?? ""];
    return { PATH: folders.join(":"), KUBECONFIG: this.#cluster.kubeconfig };
  }

  kill(component: ArgoCdComponent): Promise<void> {
    return this.#processes.stop(component, "SIGKILL");
  }

  async start(component: ArgoCdComponent): Promise<void> {
    const binaries = await ensureArgoCd(silent);
    const objects = await renderInstallation(join(binaries.folder, "kustomize"), binaries.manifests);
    await this.#start(component, { binaries: binaries.folder, objects });
  }

  pause(component: ArgoCdComponent): Promise<void> {
    return this.#processes.signal(component, "SIGSTOP");
  }

  resume(component: ArgoCdComponent): Promise<void> {
    return this.#processes.signal(component, "SIGCONT");
  }

  logFile(component: ArgoCdComponent): string {
    return this.#processes.logFile(component);
  }

  get #state(): string {
    return join(this.#paths.state, "argocd");
  }

  /** The `argocd` for a shell's PATH. */
  get #command(): string {
    return join(this.#state, "bin", "argocd");
  }

  async #requireNode(): Promise<void> {
    const { components } = await this.#cluster.status();
    if (!components.some(({ name, state }) => name === "kubelet" && state === "running"))
      throw new Error(`Argo CD needs cluster ${this.#cluster.name} to be up, in mode node`);
  }

  async #apply(objects: readonly KubeObject[]): Promise<void> {
    await this.#kubectl.install(withoutPods(objects), doors);
    await this.#kubectl.ensureDefaultProject();
    await Promise.all(
      withServiceAccount.map((one) => ensureIdentity(this.#kubectl, one, kubeconfigOf(this.#state, one))),
    );
  }

  async #start(
    component: ArgoCdComponent,
    rendered: { readonly binaries: string; readonly objects: readonly KubeObject[] },
  ): Promise<void> {
    await mkdir(scratchOf(this.#state, component), { recursive: true });
    await this.#processes.ensure(
      specOf(component, { state: this.#state, run: this.#paths.run, ...rendered }),
    );
    await waitForProcess(component, this.#processes, (pid) => listens(pid, readyPort[component]));
  }

  /**
   * A command of its own for each cluster: in core mode `argocd` looks in the namespace of the present context, and
   * the user's kubectl shall not get another one.
   */
  async #writeCommand(argocd: string): Promise<void> {
    const kubeconfig = kubeconfigOf(this.#state, "admin");
    const admin = inArgoCdNamespace(await this.#kubectl.adminKubeconfig());
    await writePrivately(kubeconfig, admin);
    const settings = `KUBECONFIG='${kubeconfig}' ARGOCD_CONFIG_DIR='${join(this.#state, "cli")}'`;
    await writePrivately(this.#command, `#!/bin/sh\n${settings} exec '${argocd}' --core "$@"\n`, 0o755);
  }
}
