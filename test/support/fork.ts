import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const settings = join(import.meta.dirname, "../../deploy/argocd/apps/settings.yaml");

/** The repository that Argo CD reads. */
export const source = (
  parse(readFileSync(settings, "utf8")) as { data: { repoURL: string; targetRevision: string } }
).data;

/** The owner of the repository. A fork changes this one file; tests compare all other places with it. */
export const owner = source.repoURL.split(/[/:]/).at(-2) ?? "";

/** The registry of the owner's images. Image names must be lower case; owners need not be. */
export const registry = `ghcr.io/${owner.toLowerCase()}`;
