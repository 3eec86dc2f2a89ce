import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../cluster/command.ts";
import type { BuiltImage } from "../cluster/provider.ts";

const project = join(import.meta.dirname, "../..");
/** What of this project Argo CD reads. */
const parts = ["deploy", "crds"] as const;
const branch = "main";

const author = { NAME: "Demo", EMAIL: "demo@example.com" };

/** What git is run with: an author of its own, and none of the user's settings. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(author).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  ),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

export const pinned = ({ ref, digest }: BuiltImage): string => `${ref}@${digest}`;

export interface Images {
  readonly operator: BuiltImage;
  /** What every environment begins with. */
  readonly webapp: BuiltImage;
}

const settingsFile = "deploy/argocd/apps/settings.yaml";
const appsFile = "deploy/argocd/apps/webapp.yaml";
const operatorFile = "deploy/operator/kustomization.yaml";
export const overlaysFolder = "deploy/webapp/overlays";
/** Where an environment's image stands. */
export const demoAppFile = (environment: string): string => `${overlaysFolder}/${environment}/demoapp.yaml`;
export const imageLine = /^(\s+image: ).*$/m;

/** A Git repository that plays the one on a server: a bare one, which Argo CD watches, and a clone to work in. */
export class Repository {
  /** The clone. */
  readonly folder: string;
  readonly #root: string;

  /** `root` is a folder of its own on this disk. */
  constructor(root: string) {
    this.#root = root;
    this.folder = join(root, "clone");
  }

  /** What Argo CD clones. */
  get url(): string {
    return `file://${this.#bare}`;
  }

  get #bare(): string {
    return join(this.#root, "demoapp-operator.git");
  }

  /** Makes it anew from this project's files, changed as a fork would: its own URL, its own images. */
  async seed(images: Images): Promise<string> {
    await this.remove();
    await mkdir(this.#root, { recursive: true });
    const options = { cwd: this.#root, env: gitEnvironment };
    await command(["git", "init", "--quiet", "--bare", `--initial-branch=${branch}`, this.#bare], options);
    await command(["git", "clone", "--quiet", this.#bare, this.folder], options);
    for (const part of parts) await cp(join(project, part), join(this.folder, part), { recursive: true });
    await this.edit(settingsFile, /repoURL: .*/, `repoURL: ${this.url}`);
    // A server would tell Argo CD of a push; this one has to be looked at more often.
    await this.edit(appsFile, /requeueAfterSeconds: .*/, "requeueAfterSeconds: 5");
    await this.edit(
      operatorFile,
      /newName: .*\n(\s+)newTag: .*(\n\s+digest: .*)?/,
      newImage(images.operator),
    );
    for (const environment of await readdir(join(this.folder, overlaysFolder)))
      await this.edit(demoAppFile(environment), imageLine, `$1${pinned(images.webapp)}`);
    await this.git("checkout", "--quiet", "-B", branch);
    return this.commit("Run the operator and the app");
  }

  git(...args: readonly string[]): Promise<string> {
    return command(["git", ...args], { cwd: this.folder, env: gitEnvironment });
  }

  read = (file: string): Promise<string> => readFile(join(this.folder, file), "utf8");

  async write(file: string, text: string): Promise<void> {
    const path = join(this.folder, file);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }

  /** Changes a file as somebody would with an editor; rejects if nothing changes. */
  async edit(file: string, what: string | RegExp, by: string): Promise<void> {
    const text = await this.read(file);
    const edited = text.replace(what, by);
    if (edited === text) throw new Error(`${file} has no ${String(what)} to change`);
    await this.write(file, edited);
  }

  /** Commits all that was changed, pushes it and gives the commit. */
  async commit(message: string): Promise<string> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--message", message);
    return this.push();
  }

  /** Takes the newest commit back by another one. */
  async revert(): Promise<string> {
    await this.git("revert", "--no-edit", "HEAD");
    return this.push();
  }

  /** Pushes what is committed and gives the commit. */
  async push(): Promise<string> {
    await this.git("push", "--quiet", "--set-upstream", "origin", branch);
    return this.head();
  }

  /** The newest commit of the clone. */
  head = async (): Promise<string> => (await this.git("rev-parse", "HEAD")).trim();

  /** The clone's folder exists from the start, since commands run in it. */
  async reserve(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }

  /** Makes it unreachable, as a server that is down, until `reappear`. */
  vanish = (): Promise<void> => rename(this.#bare, `${this.#bare}.gone`);
  reappear = (): Promise<void> => rename(`${this.#bare}.gone`, this.#bare);

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** The image's two lines in a kustomization. */
function newImage({ ref, digest }: BuiltImage): string {
  const name = ref.slice(0, ref.lastIndexOf(":"));
  return `newName: ${name}\n$1digest: ${digest}`;
}
