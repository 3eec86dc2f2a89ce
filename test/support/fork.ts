import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const settings = join(import.meta.dirname, "../../deploy/argocd/apps/settings.yaml");

interface Source {
  readonly repoURL: string;
  readonly targetRevision: string;
  readonly operatorRevision: string;
  readonly operatorImage: string;
}

/** The repository that Argo CD reads, and the operator's release that it runs. */
export const source = (parse(readFileSync(settings, "utf8")) as { data: Source }).data;

const [, owner = "", name = ""] = /([^/:]+)\/([^/:]+?)(?:\.git)?$/.exec(source.repoURL) ?? [];

/** Owner and name of the repository. A fork changes this one file; tests compare all other places with it. */
export const repository = `${owner}/${name}`;

/** The registry of the owner's images. Image names must be lower case; owners need not be. */
export const registry = `ghcr.io/${owner.toLowerCase()}`;
