import { mkdir, writeFile } from "node:fs/promises";
import { command } from "./command.ts";
import { DockerCluster } from "./docker.ts";
import type { Progress } from "./progress.ts";
import type { ComponentName, Mode, Signal } from "./provider.ts";

/** The Kubernetes version of the embedded cluster. */
const K3S_IMAGE = "docker.io/rancher/k3s:v1.35.4-k3s1";

/** A cluster in Docker, run by k3d. This project's pipeline does not test this provider. */
export class K3dCluster extends DockerCluster {
  constructor(name: string, mode: Mode) {
    super("k3d", name, mode);
  }

  get registry(): string {
    return `${this.registryName}:${this.port}`;
  }

  protected override get pushAddress(): string {
    return `localhost:${this.port}`;
  }

  async up(progress: Progress): Promise<void> {
    await progress.step(`k3d cluster ${this.fullName} ready`, async () => {
      await ((await this.exists()) ? this.start() : this.#create());
    });
    await mkdir(this.folder, { recursive: true });
    // Not merged into the user's own kubeconfig.
    const kubeconfig = await command(["k3d", "kubeconfig", "get", this.fullName]);
    await writeFile(this.kubeconfig, kubeconfig, { mode: 0o600 });
  }

  async down(progress: Progress): Promise<void> {
    await progress.step(`k3d cluster ${this.fullName} removed`, async () => {
      if (await this.exists()) await command(["k3d", "cluster", "delete", this.fullName]);
    });
  }

  /** k3s is one process: a signal for any component reaches all of them. */
  signal(_component: ComponentName, signal: Signal): Promise<void> {
    return this.killContainer(`k3d-${this.fullName}-server-0`, signal);
  }

  async start(): Promise<void> {
    await command(["k3d", "cluster", "start", this.fullName, "--wait"]);
  }

  protected async exists(): Promise<boolean> {
    const clusters = JSON.parse(await command(["k3d", "cluster", "list", "-o", "json"])) as readonly {
      readonly name: string;
    }[];
    return clusters.some(({ name }) => name === this.fullName);
  }

  async #create(): Promise<void> {
    const registry = ["--registry-create", `${this.registryName}:127.0.0.1:${this.port}`];
    const kubeconfig = ["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"];
    const image = ["--image", K3S_IMAGE, "--no-lb", "--wait", "--timeout", "180s"];
    await command(["k3d", "cluster", "create", this.fullName, ...image, ...registry, ...kubeconfig]);
  }
}
