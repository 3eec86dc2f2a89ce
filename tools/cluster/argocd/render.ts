import { cp, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";
import { ARGOCD_VERSION, LOCAL_SETTINGS } from "./constants.ts";
import { parseObjects, withSettings } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** What users install: the official manifests with this project's patches. */
export const INSTALLATION = join(import.meta.dirname, "../../../deploy/argocd/install");

const OFFICIAL = `https://raw.githubusercontent.com/argoproj/argo-cd/v${ARGOCD_VERSION}/manifests/install.yaml`;

/**
 * Renders deploy/argocd/install with the settings of a local cluster. `manifests` is the same file as the official
 * one that the kustomization names by its address, out of the module that was built.
 */
export async function renderInstallation(kustomize: string, manifests: string): Promise<KubeObject[]> {
  const folder = await mkdtemp(join(tmpdir(), "demoapp-argocd-"));
  try {
    await cp(INSTALLATION, folder, { recursive: true });
    const file = join(folder, "kustomization.yaml");
    await writeFile(file, withLocalManifests(await readFile(file, "utf8")));
    await copyFile(manifests, join(folder, "install.yaml"));
    return localObjects(await command([kustomize, "build", folder]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Objects out of what kustomize rendered, with the settings of a local cluster. */
export const localObjects = (rendered: string): KubeObject[] =>
  withSettings(parseObjects(rendered), LOCAL_SETTINGS);

/** The kustomization with a file beside it in place of the official manifests' address. */
export function withLocalManifests(kustomization: string): string {
  if (!kustomization.includes(OFFICIAL))
    throw new Error(`deploy/argocd/install doesn't name ${OFFICIAL}: the versions must be the same`);
  return kustomization.replace(OFFICIAL, "install.yaml");
}
