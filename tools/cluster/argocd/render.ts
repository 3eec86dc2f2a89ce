import { readFileSync, readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import { ensureBuilt, hashOf } from "../embedded/build.ts";
import { silent } from "../progress.ts";
import { LOCAL_SETTINGS } from "./constants.ts";
import { parseObjects, withSettings } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** The kustomization that users install: the official manifests with this project's patches. */
const INSTALLATION = join(import.meta.dirname, "../../../deploy/argocd/install");

const OBJECTS = "objects.json";

/**
 * Renders deploy/argocd/install with the settings of a local cluster. `binaries` is the folder that `ensureArgoCd`
 * returns. Rendering and parsing take seconds of CPU time, so the objects are stored in the folder of cached builds.
 */
export async function renderInstallation(binaries: string): Promise<KubeObject[]> {
  const files = readdirSync(INSTALLATION).map((file) => readFileSync(join(INSTALLATION, file)));
  const build = {
    name: "argocd-manifests",
    hash: hashOf([binaries, ...files]),
    title: "Argo CD's manifests rendered",
    make: (out: string) => render(binaries, out),
  };
  const text = await readFile(join(await ensureBuilt(build, silent), OBJECTS), "utf8");
  return withSettings(JSON.parse(text) as KubeObject[], LOCAL_SETTINGS);
}

async function render(binaries: string, folder: string): Promise<void> {
  const rendered = await command([join(binaries, "kustomize"), "build", INSTALLATION]);
  await writeFile(join(folder, OBJECTS), JSON.stringify(parseObjects(rendered)));
}
