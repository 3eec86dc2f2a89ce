// `npm run generate`: writes the files that are generated from the zod schema, the weights of canaries and the Lua for Argo CD.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition } from "../operator/api/crd.ts";
import { customizations } from "./customizations.ts";
import { reference } from "./reference.ts";
import { weightTable } from "./weights.ts";

const root = join(import.meta.dirname, "..");

/** A generated file. `make` gets the current text, because a page can have a part that is written by hand. */
interface Generated {
  readonly path: string;
  readonly make: (current: string) => string;
}

const header = "# Generated from operator/api by `npm run generate`. Do not edit.\n";
export const generated: readonly Generated[] = [
  {
    path: "crds/demoapps.demoapp.dev.yaml",
    make: () =>
      header + stringify(customResourceDefinition(), { lineWidth: 110, aliasDuplicateObjects: false }),
  },
  { path: "docs/demoapp.md", make: reference },
  { path: "docs/canary.md", make: weightTable },
  {
    path: "deploy/argocd/install/argocd-cm.yaml",
    make: () => customizations(join(root, "deploy/argocd/resource_customizations")),
  },
];

if (import.meta.main)
  for (const { path, make } of generated) {
    const file = join(root, path);
    writeFileSync(file, make(readFileSync(file, "utf8")));
    console.log(`wrote ${path}`);
  }
