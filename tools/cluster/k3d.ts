import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command } from "./command.ts";
import { dockerBuild } from "./docker.ts";
import { cacheRoot } from "./embedded/paths.ts";
import type { Progress } from "./progress.ts";
import type { BuildRequest, BuiltImage, Cluster, ClusterStatus, ComponentName, Mode } from "./provider.ts";

/** Pinned, so that every developer gets the same Kubernetes as the embedded cluster. */
const K3S_IMAGE = "docker.io/rancher/k3s:v1.35.4-k3s1";

interface K3dListed {
  readonly name: string;
  readonly serversCount: number;
  readonly serversRunning: number;
}

/**
 * A cluster in Docker, by k3d. Not run by this project's own pipeline, whose machines have no Docker: the
 * embedded provider is what every test runs on.
 */
export class K3dCluster implements Cluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly kubectl = "kubectl";
  readonly registry: string;
  readonly inside: readonly string[] = [];
  readonly #k3d: string;
  readonly #port: number;

  constructor(name: string, mode: Mode) {
    if (mode !== "node")
      throw new Error(`mode ${mode} needs the embedded provider: set DEMOAPP_CLUSTER=embedded`);
    this.name = name;
    this.#k3d = `demoapp-${name}`;
    this.kubeconfig = join(cacheRoot(), "k3d", `${name}.kubeconfig`);
    // Two clusters side by side need two ports on the host: one for each name.
    this.#port = 5100 + (createHash("sha256").update(name).digest().readUInt16BE() % 800);
    this.registry = `${this.#k3d}-registry:${this.#port}`;
  }

  async up(progress: Progress): Promise<void> {
    await progress.step(`k3d cluster ${this.#k3d} ready`, async () => {
      const listed = await this.#listed();
      if (listed === undefined) await this.#create();
      else if (listed.serversRunning < listed.serversCount)
        await command(["k3d", "cluster", "start", this.#k3d]);
    });
    await mkdir(dirname(this.kubeconfig), { recursive: true });
    // Never merged into the user's own kubeconfig.
    await writeFile(this.kubeconfig, await command(["k3d", "kubeconfig", "get", this.#k3d]), { mode: 0o600 });
  }

  async down(progress: Progress): Promise<void> {
    await progress.step(`k3d cluster ${this.#k3d} removed`, async () => {
      if ((await this.#listed()) !== undefined) await command(["k3d", "cluster", "delete", this.#k3d]);
    });
  }

  async status(): Promise<ClusterStatus> {
    const listed = await this.#listed();
    if (listed === undefined) return { state: "down", provider: "k3d", components: [] };
    const running = listed.serversRunning === listed.serversCount;
    const components = [{ name: this.#server, state: running ? "running" : "stopped" } as const];
    return { state: running ? "up" : "partial", provider: "k3d", components };
  }

  logFile(): undefined {
    return undefined;
  }

  /** k3s is one process: the whole server stops, whichever component is meant. */
  async pause(_component: ComponentName): Promise<void> {
    await command(["docker", "pause", this.#server]);
  }

  async resume(_component: ComponentName): Promise<void> {
    await command(["docker", "unpause", this.#server]);
  }

  async kill(_component: ComponentName): Promise<void> {
    await command(["docker", "kill", this.#server]);
  }

  async start(_component: ComponentName): Promise<void> {
    await command(["k3d", "cluster", "start", this.#k3d, "--wait"]);
  }

  build(request: BuildRequest): Promise<BuiltImage> {
    return dockerBuild({ push: `localhost:${this.#port}`, pull: this.registry }, request);
  }

  get #server(): string {
    return `k3d-${this.#k3d}-server-0`;
  }

  async #listed(): Promise<K3dListed | undefined> {
    const all = JSON.parse(await command(["k3d", "cluster", "list", "-o", "json"])) as readonly K3dListed[];
    return all.find((one) => one.name === this.#k3d);
  }

  async #create(): Promise<void> {
    const registry = ["--registry-create", `${this.#k3d}-registry:127.0.0.1:${this.#port}`];
    const kubeconfig = ["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"];
    const image = ["--image", K3S_IMAGE, "--no-lb", "--wait", "--timeout", "180s"];
    await command(["k3d", "cluster", "create", this.#k3d, ...image, ...registry, ...kubeconfig]);
  }
}
