import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isReady } from "../kubectl.ts";
import type { Progress } from "../progress.ts";
import type { BuildRequest, BuiltImage, Cluster, ClusterStatus, ComponentName } from "../provider.ts";
import type { ComponentStatus, Mode, Signal } from "../provider.ts";
import { startAll, startOne } from "./bringup.ts";
import { cgroupMembers } from "./cgroups.ts";
import { componentsOf } from "./components.ts";
import type { Layout } from "./components.ts";
import { REGISTRY, innerAddress } from "./constants.ts";
import { ensureDebianPackages } from "./debian.ts";
import { buildImage } from "./images.ts";
import { withLock } from "./lock.ts";
import { inside } from "./network.ts";
import { clusterLock, clusterPaths } from "./paths.ts";
import { identityFile, prepare } from "./prepare.ts";
import type { Identity } from "./prepare.ts";
import { Processes } from "./processes.ts";
import { sweep } from "./sweep.ts";
import { binariesOf, clientFolder, ensureBinaries } from "./toolchain.ts";

/** A real Kubernetes whose components are processes of this machine, with their own network namespace and cgroup. */
export class EmbeddedCluster implements Cluster {
  readonly name: string;
  readonly registry = REGISTRY;
  readonly #mode: Mode;
  readonly #paths;
  readonly #processes;

  constructor(name: string, mode: Mode) {
    this.name = name;
    this.#mode = mode;
    this.#paths = clusterPaths(name);
    this.#processes = new Processes(this.#paths);
  }

  get kubeconfig(): string {
    return this.#paths.kubeconfig;
  }

  get kubectl(): string {
    return join(clientFolder(), "kubectl");
  }

  get inside(): readonly string[] {
    return inside(this.#paths);
  }

  async up(progress: Progress): Promise<void> {
    if (process.getuid?.() !== 0)
      throw new Error(
        "the embedded cluster needs root: run this with sudo, or set DEMOAPP_CLUSTER=k3d (with Docker)",
      );
    const mode = this.#mode;
    await ensureDebianPackages(mode === "node" ? "node" : "cluster", progress);
    await ensureBinaries("kubernetes", progress);
    if (mode === "kwok") await ensureBinaries("kwok", progress);
    await this.#locked(async () => {
      const known = await this.#identity();
      const changesMode = known !== undefined && known.mode !== mode;
      if (changesMode && (await cgroupMembers(this.#paths.cgroup)).length > 0)
        throw new Error(
          `cluster ${this.name} runs in mode ${known.mode}: use that mode, or take it down first`,
        );
      const slot = await prepare(this.#paths, mode, known?.slot);
      await startAll(this.#layout({ mode, slot }), this.#processes, progress);
    });
  }

  async down(progress: Progress): Promise<void> {
    await this.#locked(() => progress.step(`cluster ${this.name} removed`, () => sweep(this.#paths)));
  }

  async status(): Promise<ClusterStatus> {
    const provider = "embedded";
    const identity = await this.#identity();
    if (identity === undefined) return { state: "down", provider, components: [] };
    const own: readonly string[] = componentsOf[identity.mode];
    // Argo CD is listed and removed with the cluster, but the cluster's `up` doesn't repair it.
    const others = (await this.#processes.recorded()).filter((name) => !own.includes(name));
    const components = await Promise.all([...own, ...others].map((name) => this.#statusOf(name)));
    if (components.every(({ state }) => state === "stopped")) return { state: "down", provider, components };
    const allRun = components.every(({ name, state }) => state === "running" || others.includes(name));
    const isUp = allRun && (await isReady(this));
    return { state: isUp ? "up" : "partial", provider, components };
  }

  logFile(component: string): string {
    return this.#processes.logFile(component);
  }

  signal(component: ComponentName, signal: Signal): Promise<void> {
    return this.#processes.send(component, signal);
  }

  async start(component: ComponentName): Promise<void> {
    const identity = await this.#identity();
    if (identity === undefined) throw new Error(`cluster ${this.name} is not up`);
    await startOne(component, this.#layout(identity), this.#processes);
  }

  async build(request: BuildRequest): Promise<BuiltImage> {
    return buildImage(this.#paths, request);
  }

  /** Serializes `up` and `down` of the cluster. */
  #locked<T>(work: () => Promise<T>): Promise<T> {
    return withLock(clusterLock(this.name), work);
  }

  async #identity(): Promise<Identity | undefined> {
    const text = await readFile(identityFile(this.#paths), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Identity);
  }

  #layout({ mode, slot }: Identity): Layout {
    const binaries = { kubernetes: binariesOf("kubernetes"), kwok: binariesOf("kwok") };
    return { paths: this.#paths, mode, address: innerAddress(slot), ...binaries };
  }

  async #statusOf(name: string): Promise<ComponentStatus> {
    const [state, pid] = await Promise.all([this.#processes.state(name), this.#processes.pid(name)]);
    return pid === undefined ? { name, state } : { name, state, pid };
  }
}
