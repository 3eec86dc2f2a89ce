import { readFileSync, readdirSync } from "node:fs";
import { cp, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import { ensureBuilt, hashOf } from "../embedded/build.ts";
import { silent } from "../progress.ts";
import { ARGOCD_VERSION, LOCAL_SETTINGS } from "./constants.ts";
import { parseObjects, withSettings } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** The kustomization that users install: the official manifests with this project's patches. */
export const INSTALLATION = join(import.meta.dirname, "../../../deploy/argocd/install");

/** The URL of Argo CD's official manifests, as the kustomization contains it. */
export const OFFICIAL = `https://raw.githubusercontent.com/argoproj/argo-cd/v${ARGOCD_VERSION}/manifests/install.yaml`;

const OBJECTS = "objects.json";

/**
 * Renders deploy/argocd/install with the settings of a local cluster. `binaries` is the folder that `ensureArgoCd`
 * returns; its install.yaml replaces the official manifests that the kustomization names by URL. Rendering and parsing
 * take seconds of CPU time, so the objects are stored in the folder of cached builds.
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
  await cp(INSTALLATION, folder, { recursive: true });
  const file = join(folder, "kustomization.yaml");
  await writeFile(file, withLocalManifests(await readFile(file, "utf8")));
  await copyFile(join(binaries, "install.yaml"), join(folder, "install.yaml"));
  const rendered = await command([join(binaries, "kustomize"), "build", folder]);
  await writeFile(join(folder, OBJECTS), JSON.stringify(parseObjects(rendered)));
}

/** Replaces the URL of the official manifests in a kustomization by the local file install.yaml. */
export function withLocalManifests(kustomization: string): string {
  if (!kustomization.includes(OFFICIAL))
    throw new Error(`deploy/argocd/install doesn't name ${OFFICIAL}: use the same version in both`);
  return kustomization.replace(OFFICIAL, "install.yaml");
}
