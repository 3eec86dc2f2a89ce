// `npm run manifests`: renders every kustomization below deploy/ and crds/, and validates each object against the schema
// of its kind, from Kubernetes, Argo CD or the CRD of DemoApp. Needs no cluster. Also compares deploy/'s copy of Argo CD's
// manifests with the pinned release; `npm run manifests -- --update` writes the copy.
import { globSync } from "node:fs";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { customResourceDefinition } from "../operator/api/crd.ts";
import { check, moduleFiles } from "./checkers/install.ts";
import { type Crd, type Schema, schemasOfCrd, schemasOfOpenApi } from "./checkers/schemas.ts";
import { ARGOCD_VERSION } from "./cluster/argocd/constants.ts";
import { versions } from "./cluster/embedded/constants.ts";
import { type Progress, consoleProgress, silent } from "./cluster/progress.ts";
import { script } from "./script.ts";

const root = join(import.meta.dirname, "..");
const rendered = ["deploy", "crds"].map((folder) => `${folder}/**/kustomization.yaml`);

/** The Go module of Argo CD, which has the release's manifests. */
const argoCd = `github.com/argoproj/argo-cd/v3@v${ARGOCD_VERSION}`;
const argoCdCrds = ["application", "applicationset", "appproject"].map(
  (name) => `manifests/crds/${name}-crd.yaml`,
);

/**
 * Kinds of other projects that overlays may have; docs/secrets.md uses them. They are not validated, because their CRDs
 * aren't pinned here. The list keeps a misspelt kind from being skipped too.
 */
export const foreign = [
  "external-secrets.io/v1/ExternalSecret",
  "bitnami.com/v1alpha1/SealedSecret",
] as const;

/** One rendered kustomization. */
export interface Rendered {
  /** The folder, from the top of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A validated kustomization, with kubeconform's count of valid objects. */
export interface Checked {
  readonly path: string;
  readonly resources: number;
}

/** Compares the copy of Argo CD's manifests below `top` with the pinned release, or writes it. Rejects if they differ. */
export async function checkArgoCd(top: string, update = false): Promise<void> {
  const copy = join(top, "deploy/argocd/install/argo-cd.yaml");
  const [official = ""] = await moduleFiles(argoCd, ["manifests/install.yaml"]);
  if (update) return writeFile(copy, official);
  if ((await readFile(copy, "utf8")) !== official)
    throw new Error(`${copy} differs from Argo CD ${ARGOCD_VERSION}: run \`npm run manifests -- --update\``);
}

/** Renders every kustomization of the tree at `top`. */
export async function renderAll(
  progress: Progress = silent,
  top: string = root,
): Promise<readonly Rendered[]> {
  const found: Rendered[] = [];
  for (const path of globSync(rendered, { cwd: top }).toSorted()) {
    const file = join(top, path);
    // A component is rendered as part of the kustomizations that include it.
    if ((parse(await readFile(file, "utf8")) as { kind?: string }).kind === "Component") continue;
    const text = await check(["kustomize", "build", dirname(file)], { progress });
    found.push({ path: dirname(path), text });
  }
  return found;
}

/** Writes a schema for every kind to a folder, for kubeconform. */
async function writeSchemas(folder: string): Promise<void> {
  const [swagger = "{}"] = await moduleFiles(`k8s.io/kubernetes@v${versions.kubernetes}`, [
    "api/openapi-spec/swagger.json",
  ]);
  const { definitions } = JSON.parse(swagger) as { definitions: Record<string, Schema> };
  const argoCdTexts = await moduleFiles(argoCd, argoCdCrds);
  const crds = [customResourceDefinition() as Crd, ...argoCdTexts.map((text) => parse(text) as Crd)];
  const schemas = Object.assign(schemasOfOpenApi(definitions), ...crds.map(schemasOfCrd)) as Record<
    string,
    Schema
  >;
  for (const [name, schema] of Object.entries(schemas))
    await writeFile(join(folder, `${name}.json`), JSON.stringify(schema));
}

/** Validates manifests against the schemas. Rejects with kubeconform's error for the first invalid manifest. */
export async function validate(
  manifests: readonly Rendered[],
  progress: Progress = silent,
): Promise<Checked[]> {
  await using schemas = await mkdtempDisposable(join(tmpdir(), "demoapp-schemas-"));
  await progress.step("schemas of Kubernetes, DemoApp, Argo CD", () => writeSchemas(schemas.path));
  const location = join(schemas.path, "{{.ResourceKind}}{{.KindSuffix}}.json");
  const skipped = ["-skip", foreign.join(",")];
  const argv = ["kubeconform", "-strict", "-summary", ...skipped, "-schema-location", location];
  const checked: Checked[] = [];
  for (const { path, text } of manifests) {
    const counts = await check([...argv, "-"], { progress, input: text }).catch((error: unknown) => {
      throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    });
    checked.push({ path, resources: Number(/Valid: (\d+)/.exec(counts)?.[1]) });
  }
  return checked;
}

async function main(): Promise<void> {
  const progress = consoleProgress();
  await checkArgoCd(root, parseArgs({ options: { update: { type: "boolean" } } }).values.update);
  for (const { path, resources } of await validate(await renderAll(progress), progress))
    console.log(`  ✓ ${path.padEnd(32)} ${resources} objects valid`);
}

if (import.meta.main) await script(main);
