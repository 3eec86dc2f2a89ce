import { createHash } from "node:crypto";
import { join } from "node:path";
import { command } from "./command.ts";
import { cacheRoot } from "./embedded/paths.ts";
import { ExternalCluster } from "./external.ts";
import type { Mode } from "./provider.ts";

/** A cluster whose node is a container of Docker, with a registry in another container. */
export abstract class DockerCluster extends ExternalCluster {
  protected readonly provider: "k3d" | "kind";
  readonly kubeconfig: string;
  /** The cluster's name in the provider's own list. */
  protected readonly fullName: string;
  protected readonly folder: string;
  /** The registry's port on this machine. It differs per cluster name, so clusters can run side by side. */
  protected readonly port: number;

  constructor(provider: "k3d" | "kind", name: string, mode: Mode) {
    super(name);
    if (mode !== "node")
      throw new Error(`mode ${mode} needs the embedded provider: set DEMOAPP_CLUSTER=embedded`);
    this.provider = provider;
    this.fullName = `demoapp-${name}`;
    this.folder = join(cacheRoot(), provider, name);
    this.kubeconfig = join(this.folder, "kubeconfig");
    this.port = 6000 + (createHash("sha256").update(name).digest().readUInt16BE() % 800);
  }

  protected get registryName(): string {
    return `${this.fullName}-registry`;
  }

  protected async killContainer(container: string, signal: NodeJS.Signals): Promise<void> {
    await command(["docker", "kill", "--signal", signal, container]);
  }
}
