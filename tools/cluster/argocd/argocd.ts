import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command, until } from "../command.ts";
import { EmbeddedCluster } from "../embedded/cluster.ts";
import { hashOf } from "../embedded/build.ts";
import { PAUSE_IMAGE } from "../embedded/constants.ts";
import { ensureDebianPackages } from "../embedded/debian.ts";
import { writeIfChanged } from "../embedded/files.ts";
import { withLock } from "../embedded/lock.ts";
import { clusterLock, clusterPaths } from "../embedded/paths.ts";
import type { ClusterPaths } from "../embedded/paths.ts";
import { Processes } from "../embedded/processes.ts";
import { listens, waitForProcess } from "../embedded/readiness.ts";
import { kubectl } from "../kubectl.ts";
import { silent } from "../progress.ts";
import type { Progress } from "../progress.ts";
import type { Cluster, Signal } from "../provider.ts";
import { retryTransient } from "./cli.ts";
import {
  argoCdComponents,
  kubeconfigOf,
  readyPort,
  scratchOf,
  specOf,
  withServiceAccount,
} from "./components.ts";
import type { ArgoCdComponent, Layout } from "./components.ts";
import { NAMESPACE, READY_MS } from "./constants.ts";
import { ensureIdentity, inArgoCdNamespace } from "./identities.ts";
import { crdsFirst, withoutPods } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { renderInstallation } from "./render.ts";
import { ensureArgoCd } from "./toolchain.ts";

/** Annotation on Argo CD's CRDs. */
const HASH = "demoapp.dev/applied";

/**
 * A real Argo CD on an embedded cluster: its controllers and repo server run as processes in the cluster's network
 * namespace and cgroup, configured by the rendered manifests. `cluster.down` removes Argo CD with the cluster.
 */
export class ArgoCd {
  readonly #cluster: Cluster;
  readonly #paths: ClusterPaths;
  readonly #processes: Processes;
  readonly #state: string;
  /** The `argocd` for a shell's PATH. */
  readonly #command: string;

  /** Starts nothing. Throws for other providers: pods there can't read a Git repository on this machine. */
  constructor(cluster: Cluster) {
    if (!(cluster instanceof EmbeddedCluster))
      throw new Error(
        "GitOps with a repository on this machine needs the embedded cluster: run as root on Debian, with DEMOAPP_CLUSTER=embedded",
      );
    this.#cluster = cluster;
    this.#paths = clusterPaths(cluster.name);
    this.#processes = new Processes(this.#paths);
    this.#state = join(this.#paths.state, "argocd");
    this.#command = join(this.#state, "bin", "argocd");
  }

  /** Starts or repairs Argo CD on a running cluster. Running components are not restarted. */
  async up(progress: Progress): Promise<void> {
    await ensureDebianPackages("argocd", progress);
    const binaries = await ensureArgoCd(progress);
    await withLock(clusterLock(this.#cluster.name), async () => {
      await this.#requireNode();
      const layout = await this.#layout(binaries);
      await progress.step("Argo CD's CRDs and settings applied", () => this.#apply(layout.objects));
      await this.#writeCommand(join(binaries, "argocd"));
      const start = (component: ArgoCdComponent): Promise<void> =>
        progress.step(`${component} ready`, () => this.#start(component, layout));
      await Promise.all([...argoCdComponents.map(start), this.#waitForForwardTargets()]);
    });
  }

  /** Runs `argocd …` in core mode and returns its stdout. */
  cli(...args: readonly string[]): Promise<string> {
    return retryTransient(() => command([this.#command, ...args]));
  }

  /** Environment for a shell in which `argocd` and `kubectl` use this cluster. */
  get environment(): Readonly<Record<string, string>> {
    const folders = [dirname(this.#command), dirname(this.#cluster.kubectl), process.env.PATH ?? ""];
    return { PATH: folders.join(":"), KUBECONFIG: this.#cluster.kubeconfig };
  }

  /** As `Cluster.signal`, for a component of Argo CD. */
  signal(component: ArgoCdComponent, signal: Signal): Promise<void> {
    return this.#processes.send(component, signal);
  }

  /** Starts a component and waits until it is ready. */
  async start(component: ArgoCdComponent): Promise<void> {
    await this.#start(component, await this.#layout(await ensureArgoCd(silent)));
  }

  async #layout(binaries: string): Promise<Layout> {
    const objects = await renderInstallation(binaries);
    return { state: this.#state, run: this.#paths.run, binaries, objects };
  }

  async #requireNode(): Promise<void> {
    const { components } = await this.#cluster.status();
    if (!components.some(({ name, state }) => name === "kubelet" && state === "running"))
      throw new Error(`Argo CD needs cluster ${this.#cluster.name} to be up, in mode node`);
  }

  async #apply(objects: readonly KubeObject[]): Promise<void> {
    const [crds, others] = crdsFirst(withoutPods(objects));
    await Promise.all([this.#applyCrds(crds), this.#applyServerSide([...others, ...forwardTargets])]);
    await this.#applyServerSide([defaultProject]);
    await Promise.all(
      withServiceAccount.map((account) =>
        ensureIdentity(this.#cluster, account, kubeconfigOf(this.#state, account)),
      ),
    );
  }

  /** An annotation has the hash of the applied CRDs: an apply of unchanged CRDs takes seconds of CPU time. */
  async #applyCrds(crds: readonly KubeObject[]): Promise<void> {
    const hash = hashOf([JSON.stringify(crds)]);
    const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
    const path = `jsonpath={.items[*].metadata.annotations.${HASH.replaceAll(".", String.raw`\.`)}}`;
    const applied = await kubectl(this.#cluster, ["get", ...names, "--ignore-not-found", "-o", path]);
    if (applied === crds.map(() => hash).join(" ")) return;
    await this.#applyServerSide(
      crds.map(({ metadata, ...crd }) => ({
        ...crd,
        metadata: { ...metadata, annotations: { ...metadata.annotations, [HASH]: hash } },
      })),
    );
    // `kubectl wait` fails on a CRD that has no conditions yet.
    await until("Argo CD's CRDs are served", READY_MS, () =>
      kubectl(this.#cluster, ["wait", "--for=condition=Established", "--timeout=10s", ...names]),
    );
  }

  /** Applies with kubectl's default field manager, as a user would. */
  async #applyServerSide(items: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await kubectl(this.#cluster, ["apply", "--server-side", "--force-conflicts", "-f", "-"], list);
  }

  async #start(component: ArgoCdComponent, layout: Layout): Promise<void> {
    await mkdir(scratchOf(this.#state, component), { recursive: true });
    await this.#processes.ensure(specOf(component, layout));
    await waitForProcess(component, this.#processes, (pid) => listens(pid, readyPort[component]));
  }

  async #waitForForwardTargets(): Promise<void> {
    const pods = forwardTargets.map(({ metadata }) => `pod/${metadata.name}`);
    const timeout = `--timeout=${READY_MS / 1000}s`;
    await kubectl(this.#cluster, ["wait", "-n", NAMESPACE, "--for=condition=Ready", timeout, ...pods]);
  }

  /**
   * Writes an `argocd` command for this cluster. In core mode `argocd` uses the namespace of the current context, so
   * the command has a kubeconfig of its own; the user's kubectl keeps its namespace.
   */
  async #writeCommand(argocd: string): Promise<void> {
    const kubeconfig = kubeconfigOf(this.#state, "admin");
    const admin = inArgoCdNamespace(await readFile(this.#cluster.kubeconfig, "utf8"));
    await writeIfChanged(kubeconfig, admin);
    const settings = `KUBECONFIG='${kubeconfig}' ARGOCD_CONFIG_DIR='${join(this.#state, "cli")}'`;
    await writeIfChanged(this.#command, `#!/bin/sh\n${settings} exec '${argocd}' --core "$@"\n`, 0o755);
  }
}

/**
 * In core mode `argocd` finds redis and the repo server by a pod's label and forwards a port to that pod. These pods
 * only run the pause program, in the node's network, where the processes listen.
 */
const forwardTargets = (["argocd-redis", "argocd-repo-server"] as const).map((component) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: component,
    namespace: NAMESPACE,
    labels: { "app.kubernetes.io/name": component, "app.kubernetes.io/part-of": "argocd" },
    annotations: {
      "demoapp.dev/description": `port-forward target for the process ${component} on the node, port ${readyPort[component]}`,
    },
  },
  spec: {
    hostNetwork: true,
    // Admission refuses a pod without a service account, and the namespace's default one is created later.
    serviceAccountName: component,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "pause", image: PAUSE_IMAGE }],
  },
}));

/** The project that Argo CD's API server, which doesn't run here, creates when it starts. */
const defaultProject = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AppProject",
  metadata: { name: "default", namespace: NAMESPACE },
  spec: {
    sourceRepos: ["*"],
    destinations: [{ server: "*", namespace: "*" }],
    clusterResourceWhitelist: [{ group: "*", kind: "*" }],
  },
} as const;
