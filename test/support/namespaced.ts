import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Copies deploy/ and crds/ to a folder and prepares deploy/namespaced for these namespaces as its comment says. */
export function copyNamespaced(top: string, namespaces: readonly string[]): void {
  for (const folder of ["deploy", "crds"]) cpSync(join(root, folder), join(top, folder), { recursive: true });
  const overlay = join(top, "deploy/namespaced");
  for (const namespace of namespaces) {
    cpSync(join(overlay, "team-a"), join(overlay, namespace), { recursive: true });
    replaceIn(join(overlay, namespace, "kustomization.yaml"), "team-a", namespace);
  }
  const file = join(overlay, "kustomization.yaml");
  replaceIn(file, "  - team-a\n", namespaces.map((namespace) => `  - ${namespace}\n`).join(""));
  replaceIn(file, "value: team-a", `value: ${namespaces.join(",")}`);
}

function replaceIn(file: string, before: string, after: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replace(before, after));
}
