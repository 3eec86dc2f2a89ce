import { setTimeout } from "node:timers/promises";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { ArgoCd } from "../../tools/cluster/argocd/argocd.ts";
import { until } from "../../tools/cluster/command.ts";
import { withLock } from "../../tools/cluster/embedded/lock.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import {
  type Application,
  applications,
  argoNamespace,
  isHealthy,
  isSynced,
  refreshAnnotation,
} from "../../tools/gitops/application.ts";
import {
  type Releases,
  bootstrap,
  buildReleases,
  repositoriesFolder,
  repositoryOf,
} from "../../tools/gitops/installation.ts";
import { Repository, applicationSetFile, overlaysFolder } from "../../tools/gitops/repository.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { sources } from "../e2e/installation.ts";
import { fingerprint, onceIn } from "../support/once.ts";
import { Environment, type Overlay, defaultDeadlineMs } from "./environment.ts";

/** Interval between two reads of an Application. A shorter interval takes CPU time from Argo CD. */
const pollMs = 200;

/** A cluster with Argo CD, and a repository from which an ApplicationSet generates environments. */
export class GitOps {
  readonly cluster: Cluster;
  readonly client: ApiClient;
  readonly argo: ArgoCd;
  readonly releases: Releases;
  readonly repository: Repository;
  /** The folder in the repository with one subfolder for each environment. */
  readonly environmentsFolder: string;
  readonly #ownName: string | undefined;

  /** With `ownName`, a repository for one test file; otherwise the repository of the root Application. */
  constructor(cluster: Cluster, releases: Releases, ownName?: string) {
    this.cluster = cluster;
    this.client = createClient({ kubeconfig: cluster.kubeconfig });
    this.argo = new ArgoCd(cluster);
    this.releases = releases;
    this.#ownName = ownName;
    this.repository =
      ownName === undefined
        ? repositoryOf(cluster)
        : new Repository(join(repositoriesFolder(), `${cluster.name}-${ownName}`));
    this.environmentsFolder = ownName === undefined ? overlaysFolder : `deploy/webapp/${ownName}`;
  }

  /** Installs everything from a repository with the root Application, once for each cluster. */
  static async open(cluster?: Cluster): Promise<GitOps> {
    const lock = join(repositoriesFolder(), `${cluster?.name ?? "shared"}.lock`);
    return withLock(lock, async () => {
      const ready = cluster ?? (await testCluster("gitops"));
      return new GitOps(ready, await install(ready));
    });
  }

  /** The same cluster as `open`, with a repository and an ApplicationSet that no other test file changes. */
  static async openOwn(name: string): Promise<GitOps> {
    const { cluster, releases, client } = await GitOps.open();
    await client.close();
    const gitops = new GitOps(cluster, releases, name);
    await gitops.#addApplicationSet(`webapp-${name}`);
    return gitops;
  }

  async #addApplicationSet(name: string): Promise<void> {
    const { repository, releases, cluster } = this;
    await repository.seed({ operator: releases.operator, webapp: releases.first }, cluster);
    await repository.edit(applicationSetFile, "name: webapp\n", `name: ${name}\n`);
    await repository.edit(applicationSetFile, `${overlaysFolder}/*`, `${this.environmentsFolder}/*`);
    await repository.commit("Generate the environments of one test file");
    const rendered = await kubectl(cluster, ["kustomize", join(repository.folder, "deploy/argocd/apps")]);
    const objects = parseAllDocuments(rendered).map((document) => document.toJS() as { kind: string });
    const set = objects.find(({ kind }) => kind === "ApplicationSet");
    await kubectl(cluster, ["apply", "--server-side", "-f", "-"], JSON.stringify(set));
  }

  async close(): Promise<void> {
    if (this.#ownName !== undefined) {
      await this.kubectl("delete", "applicationset", "-n", argoNamespace, `webapp-${this.#ownName}`);
      await this.repository.remove();
    }
    await this.client.close();
  }

  kubectl = (...args: readonly string[]): Promise<string> => kubectl(this.cluster, args);

  async application(name: string): Promise<Application> {
    const app: unknown = await this.client.get(applications, { namespace: argoNamespace, name });
    return app as Application;
  }

  /** Waits until the Application matches; a failure shows the Application's status. */
  async until(
    name: string,
    matches: (app: Application) => boolean,
    deadlineMs = defaultDeadlineMs,
  ): Promise<Application> {
    let last: Application | undefined;
    try {
      return await until(`${name}: ${matches.toString()}`, deadlineMs, async () => {
        if (last !== undefined) await setTimeout(pollMs);
        last = await this.application(name);
        return matches(last) ? last : undefined;
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error([message, stringify(last?.status)].join("\n"), { cause: error });
    }
  }

  /** Waits until Argo CD reports the Application as Synced and Healthy at this commit. */
  healthyAt = (name: string, commit: string): Promise<Application> =>
    this.until(name, (app) => isSynced(app, commit) && isHealthy(app));

  /** Requests a comparison without caches, waits for it and returns the Application. */
  async compared(name: string): Promise<Application> {
    const body = { metadata: { annotations: { [refreshAnnotation]: "hard" } } };
    await this.client.patch(applications, { namespace: argoNamespace, name }, { type: "merge", body });
    return this.until(name, ({ metadata }) => metadata.annotations?.[refreshAnnotation] === undefined);
  }

  /** Commits a new environment with the app's first version, and waits until it is healthy. */
  async environment(name: string, spec: object = {}, overlay: Overlay = "dev"): Promise<Environment> {
    const environment = new Environment(this, `${name}-${process.pid}`);
    await environment.healthyAt(await environment.create(spec, overlay));
    return environment;
  }
}

/** Builds the images, seeds the repository and hands it over to Argo CD. */
async function install(cluster: Cluster): Promise<Releases> {
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  const once = { name: "gitops-installation", fingerprint: fingerprint(sources, {}) };
  try {
    return await onceIn(client, once, async () => {
      const releases = await buildReleases(cluster);
      const repository = repositoryOf(cluster);
      await repository.seed({ operator: releases.operator, webapp: releases.first }, cluster);
      await adaptToTests(repository);
      await bootstrap(cluster, repository);
      return releases;
    });
  } finally {
    await client.close();
  }
}

/** Permits the test files' own repositories, and shortens `minReadySeconds` of 15 s. */
async function adaptToTests(repository: Repository): Promise<void> {
  const own = `file://${repositoriesFolder()}/*/demoapp-operator.git`;
  await repository.edit(
    "deploy/argocd/apps/projects.yaml",
    /sourceRepos:\n {4}- settings\n/,
    `$&    - ${own}\n`,
  );
  await repository.edit("deploy/webapp/base/demoapp.yaml", /minReadySeconds: .*/, "minReadySeconds: 2");
  await repository.commit("Adapt to the tests");
}
