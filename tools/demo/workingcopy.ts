import { appendFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { app } from "./api.ts";
import type { Shell } from "./shell.ts";

const sample = join(import.meta.dirname, "../../deploy/webapp/base");

const pullAlways = `# Each demo builds its images anew under the same tags: the node has to ask the registry for them.
patches:
  - target: { kind: DemoApp }
    patch: '[{ "op": "add", "path": "/spec/pod", "value": { "imagePullPolicy": "Always" } }]'
`;

/** A Git repository of its own that holds the sample app: plays the one that Argo CD would watch. */
export class WorkingCopy {
  readonly folder: string;
  readonly #file: string;

  constructor(folder: string) {
    this.folder = folder;
    this.#file = join(folder, "demoapp.yaml");
  }

  /** Makes it anew, with `image` in place of the published one. */
  async create(shell: Shell, image: string): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await cp(sample, this.folder, { recursive: true });
    await this.#edit(/image: .*/, `image: ${image}`);
    await appendFile(join(this.folder, "kustomization.yaml"), pullAlways);
    await shell.quietly(
      `git init --quiet --initial-branch=main && git add . && git commit --quiet -m 'Run ${app.name}'`,
    );
  }

  /** Writes the image's other tag into the file, as somebody would with an editor. */
  retag(from: string, to: string): Promise<void> {
    return this.#edit(`webapp:${from}`, `webapp:${to}`);
  }

  /** The folder exists from the start, since commands run in it. */
  async reserve(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #edit(what: string | RegExp, by: string): Promise<void> {
    const text = await readFile(this.#file, "utf8");
    const edited = text.replace(what, by);
    if (edited === text) throw new Error(`${this.#file} has no ${String(what)} to change`);
    await writeFile(this.#file, edited);
  }
}
