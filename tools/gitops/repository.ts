import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { command } from "../cluster/command.ts";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { argoNamespace, refreshAnnotation } from "./application.ts";

const project = join(import.meta.dirname, "../..");
/** The folders of this project that Argo CD reads. */
const parts = ["deploy", "crds"] as const;
const branch = "main";

/** Environment for git: a fixed author, and no settings of the user or the machine. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: "Demo",
  GIT_AUTHOR_EMAIL: "demo@example.com",
  GIT_COMMITTER_NAME: "Demo",
  GIT_COMMITTER_EMAIL: "demo@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

export const pinned = ({ ref, digest }: BuiltImage): string => `${ref}@${digest}`;

export interface Images {
  readonly operator: BuiltImage;
  /** The image with which every environment starts. */
  readonly webapp: BuiltImage;
}

export const settingsFile = "deploy/argocd/apps/settings.yaml";
export const applicationSetFile = "deploy/argocd/apps/webapp.yaml";
const retryingFiles = ["crd", "operator", "root", "webapp"].map((name) => `deploy/argocd/apps/${name}.yaml`);
const operatorFile = "deploy/operator/kustomization.yaml";
export const overlaysFolder = "deploy/webapp/overlays";
/** The file with an environment's image. */
export const demoAppFile = (environment: string, folder = overlaysFolder): string =>
  `${folder}/${environment}/demoapp.yaml`;
export const imageLine = /^(\s+image: ).*$/m;

/** A bare Git repository on this disk, which Argo CD reads as if it were on a server, and a clone to work in. */
export class Repository {
  /** The clone. */
  readonly folder: string;
  readonly #root: string;

  /** `root` is a folder for this repository only. */
  constructor(root: string) {
    this.#root = root;
    this.folder = join(root, "clone");
  }

  /** The URL that Argo CD clones. */
  get url(): string {
    return `file://${this.#bare}`;
  }

  get #bare(): string {
    return join(this.#root, "demoapp-operator.git");
  }

  /**
   * Creates the repository from this project's files, with its own URL and images as in a fork, and with short
   * intervals. With a cluster, a hook requests a refresh of its Applications after a push, as a Git server's webhook does.
   * Replaces an existing repository. Returns the commit.
   */
  async seed(images: Images, cluster?: Cluster): Promise<string> {
    await this.remove();
    await mkdir(this.#root, { recursive: true });
    const options = { cwd: this.#root, env: gitEnvironment };
    await command(["git", "init", "--quiet", "--bare", `--initial-branch=${branch}`, this.#bare], options);
    await command(["git", "clone", "--quiet", this.#bare, this.folder], options);
    const hook = join(this.#bare, "hooks/post-receive");
    if (cluster) await writeFile(hook, refreshHook(cluster, this.url), { mode: 0o755 });
    for (const part of parts) await cp(join(project, part), join(this.folder, part), { recursive: true });
    await this.edit(settingsFile, /repoURL: .*/, `repoURL: ${this.url}`);
    // The hook doesn't notify ApplicationSets, so they poll more often.
    await this.edit(applicationSetFile, /requeueAfterSeconds: .*/, "requeueAfterSeconds: 2");
    for (const file of retryingFiles)
      await this.edit(file, /backoff: .*/, "backoff: { duration: 1s, factor: 2, maxDuration: 5s }");
    await this.edit(demoAppFile("prod"), /minReadySeconds: .*/, "minReadySeconds: 2");
    // Main itself is the release, unless a commit changes this.
    await this.release(branch, images.operator);
    await this.edit(operatorFile, /newName: .*/, `newName: ${nameOf(images.operator)}`);
    for (const environment of await readdir(join(this.folder, overlaysFolder)))
      await this.edit(demoAppFile(environment), imageLine, `$1${pinned(images.webapp)}`);
    await this.git("checkout", "--quiet", "-B", branch);
    return this.commit("Run the operator and the app");
  }

  /** Names the release of the operator that Argo CD runs: its manifests at a revision, with an image. */
  release(revision: string, image: BuiltImage): Promise<void> {
    const values = `operatorRevision: "${revision}"\n$1operatorImage: ${pinned(image)}`;
    return this.edit(settingsFile, /operatorRevision: .*\n(\s+)operatorImage: .*/, values);
  }

  git(...args: readonly string[]): Promise<string> {
    return command(["git", ...args], { cwd: this.folder, env: gitEnvironment });
  }

  read = (file: string): Promise<string> => readFile(join(this.folder, file), "utf8");

  async write(file: string, text: string): Promise<void> {
    const path = join(this.folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Replaces the first match in a file; rejects if the text stays the same. */
  async edit(file: string, pattern: string | RegExp, replacement: string): Promise<void> {
    const text = await this.read(file);
    const edited = text.replace(pattern, replacement);
    if (edited === text) throw new Error(`${file}: nothing matches ${String(pattern)}`);
    await this.write(file, edited);
  }

  /** Commits all changes, pushes and returns the commit. */
  async commit(message: string): Promise<string> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--message", message);
    return this.#push();
  }

  /** Reverts the newest commit, pushes and returns the new commit. */
  async revert(): Promise<string> {
    await this.git("revert", "--no-edit", "HEAD");
    return this.#push();
  }

  async #push(): Promise<string> {
    await this.git("push", "--quiet", "--set-upstream", "origin", branch);
    return this.head();
  }

  /** The newest commit of the clone. */
  head = async (): Promise<string> => (await this.git("rev-parse", "HEAD")).trim();

  /** Creates the clone's folder, in which commands can run before `seed`. */
  async createFolder(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }

  /** Makes the repository unreachable, like a Git server that is down, until `restore`. */
  makeUnreachable = (): Promise<void> => rename(this.#bare, `${this.#bare}.gone`);
  restore = (): Promise<void> => rename(`${this.#bare}.gone`, this.#bare);

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}

const refreshHook = ({ kubectl, kubeconfig }: Cluster, url: string): string => `#!/bin/sh
argocd() { '${kubectl}' --kubeconfig '${kubeconfig}' -n ${argoNamespace} "$@"; }
names=$(argocd get applications -o jsonpath='{.items[?(@.spec.source.repoURL=="${url}")].metadata.name}')
[ -z "$names" ] || argocd annotate applications $names --overwrite ${refreshAnnotation}=normal > /dev/null
`;

/** An image without its tag. */
const nameOf = ({ ref }: BuiltImage): string => ref.slice(0, ref.lastIndexOf(":"));
