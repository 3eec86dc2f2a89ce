import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { command, succeeds, until } from "./command.ts";
import { DockerCluster } from "./docker.ts";
import { auditPolicy } from "./embedded/config.ts";
import type { Progress } from "./progress.ts";
import type { ComponentName, Mode, Signal } from "./provider.ts";

const REGISTRY_IMAGE =
  "docker.io/library/registry:3.0.0@sha256:6c5666b861f3505b116bb9aa9b25175e71210414bd010d92035ff64018f9457e";

/** Folders of the node: the audit log, which the host reads through a mount, and the audit policy. */
const AUDIT = "/var/log/kubernetes";
const POLICY = "/etc/kubernetes/policies";

/**
 * A cluster in Docker, run by kind: GitHub's runners use it to test several versions of Kubernetes. Requires
 * DEMOAPP_CLUSTER=kind. `inside` and `signal` need root. Tests check its command lines, without Docker.
 */
export class KindCluster extends DockerCluster {
  constructor(name: string, mode: Mode) {
    super("kind", name, mode);
  }

  get registry(): string {
    return `localhost:${this.port}`;
  }

  get #node(): string {
    return `${this.fullName}-control-plane`;
  }

  /** Enters the network namespace of the node, where pods and Services are reachable. */
  override get inside(): readonly string[] {
    const pid = `$(docker inspect --format '{{.State.Pid}}' ${this.#node})`;
    return ["sh", "-c", `exec nsenter --net="/proc/${pid}/ns/net" "$@"`, "sh"];
  }

  async up(progress: Progress): Promise<void> {
    if (!(await this.exists()))
      await progress.step(`kind cluster ${this.fullName} ready`, () => this.#create());
    await progress.step("its registry answers", () => this.#ensureRegistry());
    const kubeconfig = ["--name", this.fullName, "--kubeconfig", this.kubeconfig];
    await command(["kind", "export", "kubeconfig", ...kubeconfig]);
  }

  async down(progress: Progress): Promise<void> {
    await progress.step(`kind cluster ${this.fullName} removed`, async () => {
      const kubeconfig = ["--name", this.fullName, "--kubeconfig", this.kubeconfig];
      await command(["kind", "delete", "cluster", ...kubeconfig]);
      await command(["docker", "rm", "--force", "--volumes", this.registryName]);
    });
  }

  override logFile(component: string): string | undefined {
    return component === "audit" ? join(this.folder, "audit", "audit.log") : undefined;
  }

  async signal(component: ComponentName, signal: Signal): Promise<void> {
    if (component === "registry") return this.killContainer(this.registryName, signal);
    const program = `^(/usr/(local/)?bin/)?${component}( |$)`;
    const pkill = ["pkill", `-${signal.slice("SIG".length)}`, "--full", program];
    await command(["docker", "exec", this.#node, ...pkill]);
  }

  /** The node restarts its own components after they are killed. */
  async start(component: ComponentName): Promise<void> {
    if (component === "registry") await command(["docker", "start", this.registryName]);
    await until("the API server is ready", 120_000, async () =>
      (await this.status()).state === "up" ? true : undefined,
    );
  }

  protected async exists(): Promise<boolean> {
    return (await command(["kind", "get", "clusters"])).split("\n").includes(this.fullName);
  }

  async #create(): Promise<void> {
    const config = join(this.folder, "kind.yaml");
    await mkdir(join(this.folder, "audit"), { recursive: true });
    await writeFile(join(this.folder, "audit.yaml"), stringify(auditPolicy));
    await writeFile(config, stringify(this.#config()));
    const image = process.env.DEMOAPP_KIND_IMAGE;
    const files = ["--config", config, "--kubeconfig", this.kubeconfig];
    const options = ["--wait", "180s", ...(image ? ["--image", image] : [])];
    await command(["kind", "create", "cluster", "--name", this.fullName, ...files, ...options]);
  }

  /** One node. Its API server writes the audit log that tests read. */
  #config(): object {
    const volume = (name: string, path: string, readOnly: boolean): object => ({
      name,
      hostPath: path,
      mountPath: path,
      pathType: "DirectoryOrCreate",
      readOnly,
    });
    const patch = {
      kind: "ClusterConfiguration",
      apiServer: {
        extraArgs: { "audit-log-path": `${AUDIT}/audit.log`, "audit-policy-file": `${POLICY}/audit.yaml` },
        extraVolumes: [volume("audit-policy", POLICY, true), volume("audit-log", AUDIT, false)],
      },
    };
    const node = {
      role: "control-plane",
      kubeadmConfigPatches: [stringify(patch)],
      extraMounts: [
        { hostPath: join(this.folder, "audit.yaml"), containerPath: `${POLICY}/audit.yaml`, readOnly: true },
        { hostPath: join(this.folder, "audit"), containerPath: AUDIT },
      ],
    };
    return { kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", nodes: [node] };
  }

  /** Starts a registry on the host's port. Docker's network lets the node reach it under the same name. */
  async #ensureRegistry(): Promise<void> {
    const name = this.registryName;
    if (await succeeds(["docker", "inspect", name])) return;
    const network = ["--network", "kind", "--publish", `127.0.0.1:${this.port}:5000`];
    await command(["docker", "run", "--detach", "--name", name, ...network, REGISTRY_IMAGE]);
    const folder = `/etc/containerd/certs.d/${this.registry}`;
    await command(["docker", "exec", this.#node, "mkdir", "-p", folder]);
    const copy = ["cp", "/dev/stdin", `${folder}/hosts.toml`];
    await command(["docker", "exec", "--interactive", this.#node, ...copy], {
      input: `[host."http://${name}:5000"]\n`,
    });
  }
}
