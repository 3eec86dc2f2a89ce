import { cpSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { environments, fileOf, imageIn } from "../../tools/promote.ts";

const root = join(import.meta.dirname, "../..");

/** The image of an environment before the first publication. */
export const placeholder = `ghcr.io/acme/demoapp-webapp:0.1.0@sha256:${"0".repeat(64)}`;

/** Copies deploy/ into a folder, with the placeholder as every environment's image. */
export function copyDeploy(folder: string): void {
  cpSync(join(root, "deploy"), join(folder, "deploy"), { recursive: true });
  for (const environment of environments) {
    const file = join(folder, fileOf(environment));
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(imageIn(text), placeholder));
  }
}

/** Files of an overlay that are missing from its ConfigMap: Argo CD does not notice when such a file changes. */
export function unlistedFilesIn(folder: string): readonly string[] {
  const { configMapGenerator } = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as {
    configMapGenerator: readonly { readonly files: readonly string[] }[];
  };
  const noticed = new Set(configMapGenerator.flatMap(({ files }) => files));
  return readdirSync(folder).filter((file) => file !== "kustomization.yaml" && !noticed.has(file));
}
