import { dirname, isAbsolute, join } from "node:path";
import { command } from "../command.ts";
import { patiently } from "./cli.ts";
import { cacheRoot } from "../embedded/paths.ts";
import type { Progress } from "../progress.ts";
import type { Cluster } from "../provider.ts";
import type { ArgoCd, ArgoCdComponent } from "./argocd.ts";
import { argoCdComponents } from "./components.ts";
import { ARGOCD_VERSION, NAMESPACE, deadlinesMs } from "./constants.ts";
import { inArgoCdNamespace, writePrivately } from "./identities.ts";
import { Kubectl } from "./kubectl.ts";
import { INSTALLATION, localObjects } from "./render.ts";

/** What runs each component in the official manifests. */
const workloadOf: Record<ArgoCdComponent, string> = {
  "argocd-redis": "deployment/argocd-redis",
  "argocd-repo-server": "deployment/argocd-repo-server",
  "argocd-application-controller": "statefulset/argocd-application-controller",
  "argocd-applicationset-controller": "deployment/argocd-applicationset-controller",
};

/**
 * Argo CD as the official manifests install it, on a cluster that pulls public images. Not run by this project's
 * own pipeline, whose machines can't pull any. `argocd` itself is the user's own, on PATH.
 */
export class InstalledArgoCd implements ArgoCd {
  readonly #cluster: Cluster;
  readonly #kubectl: Kubectl;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#kubectl = new Kubectl(cluster);
  }

  async up(progress: Progress): Promise<void> {
    await progress.step(`Argo CD ${ARGOCD_VERSION} applied`, async () => {
      await this.#kubectl.install(localObjects(await this.#kubectl.run(["kustomize", INSTALLATION])));
      await this.#kubectl.ensureDefaultProject();
      await writePrivately(this.#kubeconfig, inArgoCdNamespace(await this.#kubectl.adminKubeconfig()));
    });
    for (const component of argoCdComponents)
      await progress.step(`${component} ready`, () => this.start(component));
  }

  cli(...args: readonly string[]): Promise<string> {
    return patiently(() => command(["argocd", ...args], { env: this.environment }));
  }

  /** Here kubectl gets Argo CD's namespace as well: only so does `argocd` find its own in core mode. */
  get environment(): Readonly<Record<string, string>> {
    const { kubectl } = this.#cluster;
    const path = isAbsolute(kubectl) ? { PATH: `${dirname(kubectl)}:${process.env.PATH ?? ""}` } : {};
    return { KUBECONFIG: this.#kubeconfig, ARGOCD_OPTS: "--core", ...path };
  }

  async kill(component: ArgoCdComponent): Promise<void> {
    await this.#scale(component, 0);
    const pods = ["pod", "-n", NAMESPACE, "-l", `app.kubernetes.io/name=${component}`];
    await this.#kubectl.run(["delete", ...pods, "--grace-period=0", "--force", "--ignore-not-found"]);
  }

  async start(component: ArgoCdComponent): Promise<void> {
    await this.#scale(component, 1);
    const timeout = `--timeout=${deadlinesMs.rollout / 1000}s`;
    await this.#kubectl.run(["rollout", "status", "-n", NAMESPACE, timeout, workloadOf[component]]);
  }

  pause(component: ArgoCdComponent): Promise<void> {
    return Promise.reject(new Error(`${component} is a pod here, which can't be paused: kill it instead`));
  }

  resume(component: ArgoCdComponent): Promise<void> {
    return Promise.reject(new Error(`${component} is a pod here, which can't be paused`));
  }

  logFile(_component: ArgoCdComponent): undefined {
    return undefined;
  }

  get #kubeconfig(): string {
    return join(cacheRoot(), "argocd", `${this.#cluster.name}.kubeconfig`);
  }

  async #scale(component: ArgoCdComponent, replicas: number): Promise<void> {
    await this.#kubectl.run(["scale", "-n", NAMESPACE, `--replicas=${replicas}`, workloadOf[component]]);
  }
}
