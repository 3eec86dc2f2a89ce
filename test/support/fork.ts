import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const settings = join(import.meta.dirname, "../../deploy/argocd/apps/settings.yaml");

/** Where Argo CD reads from. */
export const source = (
  parse(readFileSync(settings, "utf8")) as { data: { repoURL: string; targetRevision: string } }
).data;

/** Who owns the repository, by that file: a fork changes it there, and tests hold all other places against it. */
export const owner = source.repoURL.split(/[/:]/).at(-2) ?? "";

/** Where the owner's images are. Owners may have capitals, image names may not. */
export const registry = `ghcr.io/${owner.toLowerCase()}`;
