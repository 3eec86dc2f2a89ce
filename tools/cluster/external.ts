import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./command.ts";
import { isReady } from "./kubectl.ts";
import type { BuildRequest, BuiltImage, Cluster, ClusterStatus, ComponentName, Signal } from "./provider.ts";
import type { Progress } from "./progress.ts";

/** A cluster that another program runs: kubectl comes from PATH, images are built with Docker. */
export abstract class ExternalCluster implements Cluster {
  readonly name: string;
  readonly kubectl = "kubectl";
  abstract readonly kubeconfig: string;
  abstract readonly registry: string;
  protected abstract readonly provider: string;

  constructor(name: string) {
    this.name = name;
  }

  get inside(): readonly string[] {
    return [];
  }

  abstract up(progress: Progress): Promise<void>;
  abstract down(progress: Progress): Promise<void>;
  abstract signal(component: ComponentName, signal: Signal): Promise<void>;
  abstract start(component: ComponentName): Promise<void>;

  /** False if the provider has no cluster of this name. */
  protected abstract exists(): Promise<boolean>;

  async status(): Promise<ClusterStatus> {
    const { provider } = this;
    if (!(await this.exists())) return { state: "down", provider, components: [] };
    return { state: (await isReady(this)) ? "up" : "partial", provider, components: [] };
  }

  logFile(_component: string): string | undefined {
    return undefined;
  }

  /** The address at which this machine pushes to the registry. */
  protected get pushAddress(): string {
    return this.registry;
  }

  /** Docker pulls the public base images that the Dockerfiles name. */
  async build({ dockerfile, context, tag, buildArgs = {} }: BuildRequest): Promise<BuiltImage> {
    await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-image-"));
    const metadata = join(folder.path, "metadata.json");
    const args = Object.entries(buildArgs).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
    const output = ["--push", "--metadata-file", metadata, "-t", `${this.pushAddress}/${tag}`];
    await command(["docker", "buildx", "build", ...args, ...output, "-f", dockerfile, context]);
    const written = JSON.parse(await readFile(metadata, "utf8")) as {
      readonly "containerimage.digest": string;
    };
    return { ref: `${this.registry}/${tag}`, digest: written["containerimage.digest"] };
  }
}
