import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parseAllDocuments, stringify } from "yaml";
import { validate } from "../../scripts/manifests.ts";

const docs = join(import.meta.dirname, "../../docs");
/** Kinds whose schema is not at hand: they are only parsed. */
const foreign = /^(external-secrets\.io|bitnami\.com)\//;

/** The whole objects in a page's YAML blocks, which a list may indent. */
function objectsIn(page: string): readonly { readonly apiVersion: string }[] {
  const text = readFileSync(join(docs, page), "utf8");
  const blocks = [...text.matchAll(/^( *)```yaml\n([^]*?)```/gm)].map(([, indent = "", block = ""]) =>
    block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
  return blocks
    .flatMap((block) =>
      parseAllDocuments(block).map((document) => document.toJS() as { apiVersion?: string }),
    )
    .flatMap(({ apiVersion, ...rest }) => (apiVersion === undefined ? [] : [{ apiVersion, ...rest }]));
}

test.each([
  { page: "gitops.md", count: 1 },
  { page: "secrets.md", count: 1 },
  { page: "multi-cluster.md", count: 2 },
])("what $page shows is as the schemas of Kubernetes and Argo CD have it", async ({ page, count }) => {
  const objects = objectsIn(page).filter(({ apiVersion }) => !foreign.test(apiVersion));
  const text = objects.map((object) => stringify(object)).join("---\n");
  expect(await validate([{ path: page, text }])).toEqual([{ path: page, resources: count }]);
});
