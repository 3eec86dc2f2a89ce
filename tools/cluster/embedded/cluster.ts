import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import type {
  BuildRequest,
  BuiltImage,
  Cluster,
  ClusterStatus,
  ComponentName,
  ComponentStatus,
  Mode,
} from "../provider.ts";
import { Api } from "./api.ts";
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
import type { ClusterPaths } from "./paths.ts";
import { prepare } from "./prepare.ts";
import type { Identity } from "./prepare.ts";
import { processesOf } from "./processes.ts";
import type { Processes } from "./processes.ts";
import { sweep } from "./sweep.ts";
import { binariesOf, clientFolder, ensureBinaries } from "./toolchain.ts";

/** A real Kubernetes out of processes on this machine, in a network namespace and cgroup of its own. */
export class EmbeddedCluster implements Cluster {
  readonly name: string;
  readonly registry = REGISTRY;
  readonly #mode: Mode;
  readonly #paths: ClusterPaths;

  constructor(name: string, mode: Mode) {
    this.name = name;
    this.#mode = mode;
    this.#paths = clusterPaths(name);
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
    await ensureDebianPackages(this.#mode === "node" ? "node" : "cluster", progress);
    await ensureBinaries("kubernetes", progress);
    if (this.#mode === "kwok") await ensureBinaries("kwok", progress);
    await this.#locked(async () => {
      const known = await this.#identity();
      if (
        known !== undefined &&
        known.mode !== this.#mode &&
        (await cgroupMembers(this.#paths.cgroup)).length > 0
      )
        throw new Error(
          `cluster ${this.name} runs in mode ${known.mode}: use that mode, or take it down first`,
        );
      const slot = await prepare(this.#paths, this.#mode, known?.slot);
      await startAll(
        { layout: this.#layout({ mode: this.#mode, slot }), processes: this.#processes() },
        progress,
      );
    });
  }

  async down(progress: Progress): Promise<void> {
    await this.#locked(() => progress.step(`cluster ${this.name} removed`, () => sweep(this.#paths)));
  }

  async status(): Promise<ClusterStatus> {
    const identity = await this.#identity();
    const provider = "embedded";
    if (identity === undefined) return { state: "down", provider, components: [] };
    const processes = this.#processes();
    // Argo CD is shown and removed with it, but repaired by an `up` of its own.
    const ours: readonly string[] = componentsOf[identity.mode];
    const others = (await processes.recorded()).filter((name) => !ours.includes(name));
    const statusOf = async (name: string): Promise<ComponentStatus> => {
      const [state, pid] = await Promise.all([processes.state(name), processes.pid(name)]);
      return pid === undefined ? { name, state } : { name, state, pid };
    };
    const components = await Promise.all([...ours, ...others].map(statusOf));
    if (components.every(({ state }) => state === "stopped")) return { state: "down", provider, components };
    const running = components.every(({ name, state }) => state === "running" || others.includes(name));
    return {
      state: running && (await this.#apiAnswers(identity.slot)) ? "up" : "partial",
      provider,
      components,
    };
  }

  logFile(component: string): string {
    return this.#processes().logFile(component);
  }

  pause(component: ComponentName): Promise<void> {
    return this.#processes().signal(component, "SIGSTOP");
  }

  resume(component: ComponentName): Promise<void> {
    return this.#processes().signal(component, "SIGCONT");
  }

  kill(component: ComponentName): Promise<void> {
    return this.#processes().stop(component, "SIGKILL");
  }

  async start(component: ComponentName): Promise<void> {
    const identity = await this.#identity();
    if (identity === undefined) throw new Error(`cluster ${this.name} is not up`);
    await startOne(component, { layout: this.#layout(identity), processes: this.#processes() });
  }

  async build(request: BuildRequest): Promise<BuiltImage> {
    return buildImage(this.#paths, request);
  }

  /** One `up` or `down` of a cluster at a time. */
  #locked<T>(work: () => Promise<T>): Promise<T> {
    return withLock(clusterLock(this.name), work);
  }

  async #identity(): Promise<Identity | undefined> {
    const text = await readFile(join(this.#paths.state, "cluster.json"), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Identity);
  }

  #layout({ mode, slot }: Identity): Layout {
    const binaries = { kubernetes: binariesOf("kubernetes"), kwok: binariesOf("kwok") };
    return { paths: this.#paths, mode, address: innerAddress(slot), ...binaries };
  }

  #processes(): Processes {
    return processesOf(this.#paths);
  }

  async #apiAnswers(slot: number): Promise<boolean> {
    const api = new Api(this.#paths.pki, innerAddress(slot));
    try {
      return (await api.get("/readyz")).status === 200;
    } catch {
      return false;
    } finally {
      api.close();
    }
  }
}
