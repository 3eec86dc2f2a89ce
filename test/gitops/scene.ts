import { parse, stringify } from "yaml";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { type ArgoCd, argoCdFor } from "../../tools/cluster/argocd/argocd.ts";
import { command, until } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { type DemoApp, Place, type Reported } from "../e2e/place.ts";
import { testCluster } from "../../tools/testclusters.ts";
import {
  type Application,
  applications,
  argoNamespace,
  isHealthy,
  isSynced,
} from "../../tools/gitops/application.ts";
import { type Releases, repositoryOf } from "../../tools/gitops/installation.ts";
import { install } from "./installation.ts";
import {
  type Repository,
  demoAppFile,
  imageLine,
  overlaysFolder,
  pinned,
} from "../../tools/gitops/repository.ts";

/** Longer than a sync, a rollout and the waits between them take on a busy machine. */
const patienceMs = 120_000;

const refreshAnnotation = "argocd.argoproj.io/refresh";

/** Argo CD with its repository, and what a test does in them. */
export class GitOps {
  readonly cluster: Cluster;
  readonly client: ApiClient;
  readonly argo: ArgoCd;
  readonly repository: Repository;
  readonly releases: Releases;

  private constructor(cluster: Cluster, client: ApiClient, releases: Releases) {
    this.cluster = cluster;
    this.client = client;
    this.argo = argoCdFor(cluster);
    this.releases = releases;
    this.repository = repositoryOf(cluster);
  }

  static async open(): Promise<GitOps> {
    const cluster = await testCluster("gitops");
    const client = createClient({ kubeconfig: cluster.kubeconfig });
    return new GitOps(cluster, client, await install(cluster, client));
  }

  close = (): Promise<void> => this.client.close();

  kubectl(...args: readonly string[]): Promise<string> {
    const { kubectl, kubeconfig } = this.cluster;
    return command([kubectl, "--kubeconfig", kubeconfig, ...args]);
  }

  async application(name: string): Promise<Application> {
    const app: unknown = await this.client.get(applications, { namespace: argoNamespace, name });
    return app as Application;
  }

  /** Waits until the Application is as `matches` wants it; else fails with the Application as it is. */
  async until(
    name: string,
    matches: (app: Application) => boolean,
    deadlineMs = patienceMs,
  ): Promise<Application> {
    let last: Application | undefined;
    try {
      return await until(`${name}: ${matches.toString()}`, deadlineMs, async () => {
        last = await this.application(name);
        return matches(last) ? last : undefined;
      });
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new Error([words, stringify(last?.status)].join("\n"), { cause: error });
    }
  }

  /** Waits until the Application has what the commit says, and Argo CD says that it is well. */
  healthyAt = (name: string, commit: string): Promise<Application> =>
    this.until(name, (app) => isSynced(app, commit) && isHealthy(app));

  /** Lets Argo CD compare anew, from a fresh clone; gives the Application as it is then. */
  async compared(name: string): Promise<Application> {
    const body = { metadata: { annotations: { [refreshAnnotation]: "hard" } } };
    await this.client.patch(applications, { namespace: argoNamespace, name }, { type: "merge", body });
    return this.until(name, ({ metadata }) => metadata.annotations?.[refreshAnnotation] === undefined);
  }

  /** Puts a new environment with the app's first version into Git, and waits until it runs. */
  async environment(name: string, spec: object = {}): Promise<Environment> {
    const environment = new Environment(this, `${name}-${process.pid}`);
    const commit = await environment.create(spec);
    await this.healthyAt(environment.application, commit);
    return environment;
  }
}

const eachSecond = { initialDelaySeconds: 0, periodSeconds: 1 };

/** What a test's app has unless it says otherwise: quick probes, a short deadline, room to start quickly. */
const defaults = {
  replicas: 2,
  minReadySeconds: 2,
  progressDeadlineSeconds: 30,
  probes: {
    liveness: { initialDelaySeconds: 10, periodSeconds: 1, timeoutSeconds: 5, path: "/health" },
    readiness: { ...eachSecond, path: "/ready" },
  },
  resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "1", memory: "128Mi" } },
};

const demoApp = "sre-demo-app";
const identity = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata: { name: demoApp } };

/** A folder below the overlays, and so an Application of the ApplicationSet, and so a namespace. */
export class Environment extends Place {
  readonly application: string;
  readonly file: string;
  readonly #name: string;
  readonly #gitops: GitOps;

  constructor(gitops: GitOps, name: string) {
    super(gitops.cluster, gitops.client, `sre-demo-${name}`);
    this.#name = name;
    this.#gitops = gitops;
    this.application = `webapp-${name}`;
    this.file = demoAppFile(name);
  }

  get #folder(): string {
    return `${overlaysFolder}/${this.#name}`;
  }

  create(spec: object): Promise<string> {
    const { repository, releases } = this.#gitops;
    const patch = {
      ...identity,
      spec: { image: pinned(releases.first), ...defaults, ...spec },
    };
    return this.commit(`Add ${this.#name}`, async () => {
      const dev = await repository.read(`${overlaysFolder}/dev/kustomization.yaml`);
      await repository.write(
        `${this.#folder}/kustomization.yaml`,
        dev.replace("sre-demo-dev", this.namespace),
      );
      await repository.write(this.file, stringify(patch));
    });
  }

  /** Takes the DemoApp out of the environment, and leaves the rest; gives the commit. */
  removeApp(): Promise<string> {
    const { repository } = this.#gitops;
    const file = `${this.#folder}/kustomization.yaml`;
    return this.commit(`Remove the app of ${this.#name}`, async () => {
      const kustomization = parse(await repository.read(file)) as { readonly patches: object[] };
      kustomization.patches.push({ patch: stringify({ $patch: "delete", ...identity }) });
      await repository.write(file, stringify(kustomization));
    });
  }

  /** Takes the environment out of Git, and waits until Argo CD has removed its Application. */
  async remove(): Promise<void> {
    const { repository } = this.#gitops;
    await this.commit(`Remove ${this.#name}`, () => repository.git("rm", "-r", "--quiet", this.#folder));
    await until(`${this.application} is gone`, patienceMs, async () => {
      const { items } = await this.client.list(applications, { namespace: argoNamespace });
      return items.some(({ metadata }) => metadata.name === this.application) ? undefined : true;
    });
  }

  /** Writes another image into Git; gives the commit. */
  release(version: keyof Omit<Releases, "operator">): Promise<string> {
    return this.edit(imageLine, `$1${pinned(this.#gitops.releases[version])}`);
  }

  /** Changes the DemoApp in Git; gives the commit. */
  edit(what: string | RegExp, by: string): Promise<string> {
    return this.commit(`Change ${this.#name}`, () => this.#gitops.repository.edit(this.file, what, by));
  }

  /** Changes files and commits. */
  async commit(message: string, change: () => Promise<unknown>): Promise<string> {
    await change();
    return this.#gitops.repository.commit(message);
  }

  healthyAt = (commit: string): Promise<Application> => this.#gitops.healthyAt(this.application, commit);
  seen = (matches: (app: Application) => boolean): Promise<Application> =>
    this.#gitops.until(this.application, matches);

  demoApp = (): Promise<DemoApp> => this.app(demoApp);
  reported = (matches: (app: Reported) => boolean): Promise<Reported> =>
    this.until(demoApp, matches, patienceMs);
  /** True if the app's good pods run this version, and no others are left. */
  async runs(version: keyof Omit<Releases, "operator">): Promise<boolean> {
    const pods = await this.pods(demoApp);
    const image = pinned(this.#gitops.releases[version]);
    return pods.length > 0 && pods.every((pod) => pod.spec.containers[0]?.image === image);
  }
  podUids = async (): Promise<readonly string[]> =>
    (await this.pods(demoApp)).map(({ metadata }) => metadata.uid).toSorted();

  protected override async evidence(): Promise<string> {
    const { status } = await this.#gitops.application(this.application);
    return [await super.evidence(), stringify(status)].join("\n");
  }
}
