import { cp, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";
import { ARGOCD_VERSION, LOCAL_SETTINGS } from "./constants.ts";
import { parseObjects, withSettings } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** The kustomization that users install: the official manifests with this project's patches. */
export const INSTALLATION = join(import.meta.dirname, "../../../deploy/argocd/install");

/** The manifests of the release, as the kustomization names them. */
export const OFFICIAL = `https://raw.githubusercontent.com/argoproj/argo-cd/v${ARGOCD_VERSION}/manifests/install.yaml`;

/**
 * Renders deploy/argocd/install with the settings of a local cluster. `binaries` is the folder that `ensureArgoCd`
 * returns; its install.yaml replaces the official manifests that the kustomization names by URL.
 */
export async function renderInstallation(binaries: string): Promise<KubeObject[]> {
  const folder = await mkdtemp(join(tmpdir(), "demoapp-argocd-"));
  try {
    await cp(INSTALLATION, folder, { recursive: true });
    const file = join(folder, "kustomization.yaml");
    await writeFile(file, withLocalManifests(await readFile(file, "utf8")));
    await copyFile(join(binaries, "install.yaml"), join(folder, "install.yaml"));
    const rendered = await command([join(binaries, "kustomize"), "build", folder]);
    return withSettings(parseObjects(rendered), LOCAL_SETTINGS);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces the URL of the official manifests in a kustomization by the local file install.yaml. */
export function withLocalManifests(kustomization: string): string {
  if (!kustomization.includes(OFFICIAL))
    throw new Error(`deploy/argocd/install doesn't name ${OFFICIAL}: use the same version in both`);
  return kustomization.replace(OFFICIAL, "install.yaml");
}
