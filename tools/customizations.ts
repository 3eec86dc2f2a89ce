/** Generates Argo CD's settings for our kinds from the Lua in deploy/argocd/resource_customizations. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Document, Scalar, visit } from "yaml";

const folders = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();

const textOf = (...path: readonly string[]): string => readFileSync(join(...path), "utf8");

/** The YAML text, with multi-line strings as blocks, so that a diff is readable. */
function textWithBlocks(document: Document): string {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && node.value.includes("\n")) node.type = Scalar.BLOCK_LITERAL;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The setting for the actions of one kind. Undefined if the kind has none. */
function actionsOf(folder: string): string | undefined {
  const actions = join(folder, "actions");
  if (!existsSync(join(actions, "discovery.lua"))) return undefined;
  const names = folders(actions).filter((name) => existsSync(join(actions, name, "action.lua")));
  return textWithBlocks(
    new Document({
      "discovery.lua": textOf(actions, "discovery.lua"),
      definitions: names.map((name) => ({ name, "action.lua": textOf(actions, name, "action.lua") })),
    }),
  );
}

/** The settings for every `<group>/<kind>` below a folder that has the layout of Argo CD's resource_customizations. */
function settingsOf(root: string): Record<string, string> {
  const kinds = folders(root).flatMap((group) => folders(join(root, group)).map((kind) => ({ group, kind })));
  return Object.fromEntries(
    kinds.flatMap(({ group, kind }) => {
      const folder = join(root, group, kind);
      const health = existsSync(join(folder, "health.lua")) ? textOf(folder, "health.lua") : undefined;
      return [
        [`resource.customizations.health.${group}_${kind}`, health],
        [`resource.customizations.actions.${group}_${kind}`, actionsOf(folder)],
      ].filter(([, text]) => text !== undefined);
    }),
  ) as Record<string, string>;
}

const note = " Generated from deploy/argocd/resource_customizations by `npm run generate`. Do not edit.";

/** The patch for the ConfigMap argocd-cm. */
export function customizations(root: string): string {
  const document = new Document({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "argocd-cm" },
    // The default, but required here. With annotation tracking, Argo CD never prunes objects that the operator creates,
    // and shows them below the DemoApp.
    data: { "application.resourceTrackingMethod": "annotation", ...settingsOf(root) },
  });
  document.commentBefore = note;
  return textWithBlocks(document);
}
