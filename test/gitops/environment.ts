import { cp } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { until } from "../../tools/cluster/command.ts";
import { type Application, applications, argoNamespace, isSynced } from "../../tools/gitops/application.ts";
import type { Releases } from "../../tools/gitops/installation.ts";
import { demoAppFile, imageLine, overlaysFolder, pinned } from "../../tools/gitops/repository.ts";
import { AppNamespace, appDefaults } from "../e2e/appnamespace.ts";
import type { DemoApp, Reported } from "../e2e/objects.ts";
import type { GitOps } from "./gitops.ts";

/** Longer than a sync and a rollout take on a busy machine. */
export const defaultDeadlineMs = 120_000;

/** The overlay from which an environment is copied: `prod` has an autoscaler. */
export type Overlay = "dev" | "prod";

/** Deadlines with which a release is quick, but works on a busy machine. */
const deadlines = { minReadySeconds: 1, progressDeadlineSeconds: 60 };

const demoApp = "sre-demo-app";
const identity = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata: { name: demoApp } };

/** A folder of environments in Git, from which the ApplicationSet generates an Application and a namespace. */
export class Environment extends AppNamespace {
  /** The name of its folder, and Argo CD's label of its Application. */
  readonly name: string;
  readonly application: string;
  /** The file with the DemoApp's spec. */
  readonly file: string;
  readonly #gitops: GitOps;

  constructor(gitops: GitOps, name: string) {
    super(gitops.cluster, gitops.client, `sre-demo-${name}`);
    this.name = name;
    this.#gitops = gitops;
    this.application = `webapp-${name}`;
    this.file = demoAppFile(name, gitops.environmentsFolder);
  }

  get #folder(): string {
    return `${this.#gitops.environmentsFolder}/${this.name}`;
  }

  /** Commits the environment with the first version; returns the commit. */
  create(spec: object, overlay: Overlay): Promise<string> {
    const { repository, releases } = this.#gitops;
    const source = join(repository.folder, overlaysFolder, overlay);
    const image = pinned(releases.first);
    const patch = { ...identity, spec: { image, ...appDefaults, ...deadlines, ...spec } };
    return this.commit(`Add ${this.name}`, async () => {
      await cp(source, join(repository.folder, this.#folder), { recursive: true });
      await repository.edit(`${this.#folder}/kustomization.yaml`, `sre-demo-${overlay}`, this.namespace);
      await repository.write(this.file, stringify(patch));
    });
  }

  /** Removes only the DemoApp from the environment in Git; returns the commit. */
  removeApp(): Promise<string> {
    const { repository } = this.#gitops;
    const file = `${this.#folder}/kustomization.yaml`;
    return this.commit(`Remove the app of ${this.name}`, async () => {
      const kustomization = parse(await repository.read(file)) as { readonly patches: object[] };
      kustomization.patches.push({ patch: stringify({ $patch: "delete", ...identity }) });
      await repository.write(file, stringify(kustomization));
    });
  }

  /** Removes the environment from Git, and waits until its Application is deleted. */
  async remove(): Promise<void> {
    const { repository } = this.#gitops;
    await this.commit(`Remove ${this.name}`, () => repository.git("rm", "-r", "--quiet", this.#folder));
    await until(`${this.application} is deleted`, defaultDeadlineMs, async () => {
      const { items } = await this.client.list(applications, { namespace: argoNamespace });
      return items.some(({ metadata }) => metadata.name === this.application) ? undefined : true;
    });
  }

  /** Commits another image; returns the commit. */
  release(version: keyof Omit<Releases, "operator">): Promise<string> {
    return this.edit(imageLine, `$1${pinned(this.#gitops.releases[version])}`);
  }

  /** Commits a change of a file, by default the DemoApp's; returns the commit. */
  edit(pattern: string | RegExp, replacement: string, file = this.file): Promise<string> {
    return this.commit(`Change ${this.name}`, () => this.#gitops.repository.edit(file, pattern, replacement));
  }

  async commit(message: string, change: () => Promise<unknown>): Promise<string> {
    await change();
    return this.#gitops.repository.commit(message);
  }

  healthyAt = (commit: string): Promise<Application> => this.#gitops.healthyAt(this.application, commit);
  /** Waits until the environment's Application matches. */
  untilApplication = (matches: (app: Application) => boolean): Promise<Application> =>
    this.#gitops.until(this.application, matches);
  /** Waits until Argo CD reports the Application as Synced and Degraded at a commit. */
  degradedAt = (commit: string): Promise<Application> =>
    this.untilApplication((app) => isSynced(app, commit) && app.status?.health?.status === "Degraded");

  /** Runs an action of the DemoApp with Argo CD's command. */
  async act(action: string): Promise<void> {
    const run = ["app", "actions", "run", this.application, action];
    await this.#gitops.argo.cli(...run, "--kind", "DemoApp", "--resource-name", demoApp);
  }
  /** The objects of the Application, as `argocd app get` shows them. */
  tree = (): Promise<string> => this.#gitops.argo.cli("app", "get", this.application, "-o", "tree=detailed");

  demoApp = (): Promise<DemoApp> => this.app(demoApp);
  /** Waits until the DemoApp's status is current and matches. */
  untilDemoApp = (matches: (app: Reported) => boolean): Promise<Reported> =>
    this.until(demoApp, matches, defaultDeadlineMs);

  /** True if all pods of the app have this version's image. */
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
