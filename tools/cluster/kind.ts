import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { command, succeeds, until } from "./command.ts";
import { dockerBuild } from "./docker.ts";
import { auditPolicy } from "./embedded/config.ts";
import { cacheRoot } from "./embedded/paths.ts";
import type { Progress } from "./progress.ts";
import type { BuildRequest, BuiltImage, Cluster, ClusterStatus, ComponentName, Mode } from "./provider.ts";

const REGISTRY_IMAGE =
  "docker.io/library/registry:3.0.0@sha256:6c5666b861f3505b116bb9aa9b25175e71210414bd010d92035ff64018f9457e";

/** Where the API server's audit log lies in the node, which mounts it from the host. */
const AUDIT = "/var/log/kubernetes";
const POLICY = "/etc/kubernetes/policies";

/**
 * A cluster in Docker, by kind: the pipeline's way to run the end-to-end tests on several versions of Kubernetes.
 * Used only when DEMOAPP_CLUSTER=kind names it, and written for CI: `inside` and killing processes need root.
 * Its command lines are tested; no Docker was at hand to run it.
 */
export class KindCluster implements Cluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly kubectl = "kubectl";
  readonly registry: string;
  readonly #kind: string;
  readonly #node: string;
  readonly #port: number;
  readonly #folder: string;

  constructor(name: string, mode: Mode) {
    if (mode !== "node")
      throw new Error(`mode ${mode} needs the embedded provider: set DEMOAPP_CLUSTER=embedded`);
    this.name = name;
    this.#kind = `demoapp-${name}`;
    this.#node = `${this.#kind}-control-plane`;
    this.#folder = join(cacheRoot(), "kind", name);
    this.kubeconfig = join(this.#folder, "kubeconfig");
    this.#port = 6000 + (createHash("sha256").update(name).digest().readUInt16BE() % 800);
    this.registry = `localhost:${this.#port}`;
  }

  /** Joins the node's network, where pods and Services answer; the files stay the host's. */
  get inside(): readonly string[] {
    const pid = `$(docker inspect --format '{{.State.Pid}}' ${this.#node})`;
    return ["sh", "-c", `exec nsenter --net="/proc/${pid}/ns/net" "$@"`, "sh"];
  }

  async up(progress: Progress): Promise<void> {
    if (!(await this.#listed()))
      await progress.step(`kind cluster ${this.#kind} ready`, () => this.#create());
    await progress.step("its registry answers", () => this.#ensureRegistry());
    await command(["kind", "export", "kubeconfig", "--name", this.#kind, "--kubeconfig", this.kubeconfig]);
  }

  async down(progress: Progress): Promise<void> {
    await progress.step(`kind cluster ${this.#kind} removed`, async () => {
      await command(["kind", "delete", "cluster", "--name", this.#kind, "--kubeconfig", this.kubeconfig]);
      await command(["docker", "rm", "--force", "--volumes", this.#registryName]);
    });
  }

  async status(): Promise<ClusterStatus> {
    if (!(await this.#listed())) return { state: "down", provider: "kind", components: [] };
    const up = await succeeds(["kubectl", "--kubeconfig", this.kubeconfig, "get", "--raw", "/readyz"]);
    return { state: up ? "up" : "partial", provider: "kind", components: [] };
  }

  logFile(component: string): string | undefined {
    return component === "audit" ? join(this.#folder, "audit", "audit.log") : undefined;
  }

  pause(component: ComponentName): Promise<void> {
    return this.#signal("STOP", component);
  }

  resume(component: ComponentName): Promise<void> {
    return this.#signal("CONT", component);
  }

  kill(component: ComponentName): Promise<void> {
    return this.#signal("KILL", component);
  }

  /** The node brings back by itself what was killed in it. */
  async start(component: ComponentName): Promise<void> {
    if (component === "registry") await command(["docker", "start", this.#registryName]);
    await until("the API server is ready", 120_000, async () =>
      (await this.status()).state === "up" ? true : undefined,
    );
  }

  build(request: BuildRequest): Promise<BuiltImage> {
    return dockerBuild({ push: this.registry, pull: this.registry }, request);
  }

  get #registryName(): string {
    return `${this.#kind}-registry`;
  }

  async #signal(signal: string, component: ComponentName): Promise<void> {
    if (component === "registry")
      return void (await command(["docker", "kill", "--signal", signal, this.#registryName]));
    const program = `^(/usr/(local/)?bin/)?${component}( |$)`;
    await command(["docker", "exec", this.#node, "pkill", `-${signal}`, "--full", program]);
  }

  async #listed(): Promise<boolean> {
    return (await command(["kind", "get", "clusters"])).split("\n").includes(this.#kind);
  }

  async #create(): Promise<void> {
    const audit = join(this.#folder, "audit");
    const config = join(this.#folder, "kind.yaml");
    await mkdir(audit, { recursive: true });
    await writeFile(join(this.#folder, "audit.yaml"), stringify(auditPolicy));
    await writeFile(config, stringify(this.#config()));
    const image = process.env.DEMOAPP_KIND_IMAGE;
    const argv = [
      "--name",
      this.#kind,
      "--config",
      config,
      "--kubeconfig",
      this.kubeconfig,
      "--wait",
      "180s",
    ];
    await command(["kind", "create", "cluster", ...argv, ...(image ? ["--image", image] : [])]);
  }

  /** One node whose API server keeps the audit log that the tests read. */
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
        { hostPath: join(this.#folder, "audit.yaml"), containerPath: `${POLICY}/audit.yaml`, readOnly: true },
        { hostPath: join(this.#folder, "audit"), containerPath: AUDIT },
      ],
    };
    return { kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", nodes: [node] };
  }

  /** A registry on the host's port that the node reaches under the same name, by way of Docker's network. */
  async #ensureRegistry(): Promise<void> {
    const name = this.#registryName;
    if (await succeeds(["docker", "inspect", name])) return;
    const published = ["--publish", `127.0.0.1:${this.#port}:5000`];
    await command([
      "docker",
      "run",
      "--detach",
      "--name",
      name,
      "--network",
      "kind",
      ...published,
      REGISTRY_IMAGE,
    ]);
    const folder = `/etc/containerd/certs.d/${this.registry}`;
    await command(["docker", "exec", this.#node, "mkdir", "-p", folder]);
    await command(
      ["docker", "exec", "--interactive", this.#node, "cp", "/dev/stdin", `${folder}/hosts.toml`],
      { input: `[host."http://${name}:5000"]\n` },
    );
  }
}
