/** Generates Argo CD's settings for DemoApp and Application from the Lua in deploy/argocd/resource_customizations. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Document, Scalar, visit } from "yaml";

/** The YAML text, with multi-line strings as blocks, so that a diff is readable. */
function textWithBlocks(document: Document): string {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && node.value.includes("\n")) node.type = Scalar.BLOCK_LITERAL;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The paths of the files that match a pattern, sorted. */
const files = (pattern: string, root: string): readonly string[] =>
  globSync(pattern, { cwd: root }).toSorted();

/** The settings for every `<group>/<kind>` below a folder that has the layout of Argo CD's resource_customizations. */
function settingsOf(root: string): Record<string, string> {
  const textOf = (path: string): string => readFileSync(join(root, path), "utf8");
  const key = (path: string, setting: string): string => {
    const [group, kind] = path.split("/");
    return `resource.customizations.${setting}.${group}_${kind}`;
  };
  /** The setting for the actions of one kind: the script that lists them, and each action. */
  const actionsOf = (discovery: string): string => {
    const definitions = files(join(dirname(discovery), "*/action.lua"), root).map((path) => ({
      name: path.split("/").at(-2),
      "action.lua": textOf(path),
    }));
    return textWithBlocks(new Document({ "discovery.lua": textOf(discovery), definitions }));
  };
  return Object.fromEntries([
    ...files("*/*/health.lua", root).map((path) => [key(path, "health"), textOf(path)]),
    ...files("*/*/actions/discovery.lua", root).map((path) => [key(path, "actions"), actionsOf(path)]),
  ]) as Record<string, string>;
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
