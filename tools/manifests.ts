// `npm run manifests`: renders every kustomization below deploy/ and crds/ and holds each object against the schema
// of its kind: Kubernetes' own, our CRD's, Argo CD's. Nothing is asked of a cluster or of the internet.
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { parse } from "yaml";
import { check, moduleFiles } from "./checkers/install.ts";
import { type Crd, type Schema, schemasOfCrd, schemasOfOpenApi } from "./checkers/schemas.ts";
import { versions } from "./cluster/embedded/constants.ts";
import { type Progress, consoleProgress, silent } from "./cluster/progress.ts";

const root = join(import.meta.dirname, "..");
const rendered = ["deploy", "crds"];

/** A manifest that a kustomization takes from Argo CD's release; the same file lies in its Go module. */
const remote = /https:\/\/raw\.githubusercontent\.com\/argoproj\/argo-cd\/(v[\d.]+)\/(manifests\/\S+\.yaml)/;
const argoCd = "github.com/argoproj/argo-cd/v3";
const argoCdCrds = ["application", "applicationset", "appproject"].map(
  (name) => `manifests/crds/${name}-crd.yaml`,
);

/**
 * Kinds of other projects, whose CRDs are not pinned here: overlays may have them, and nothing holds them against a
 * schema. Each has to be named, so that a misspelt kind doesn't pass as one of them. docs/secrets.md uses these.
 */
export const foreign = [
  "external-secrets.io/v1/ExternalSecret",
  "bitnami.com/v1alpha1/SealedSecret",
] as const;

/** One rendered kustomization. */
export interface Rendered {
  /** Its folder, from the top of the repository. */
  readonly path: string;
  readonly text: string;
}

/** What came of the check, for people: kubeconform's count of each rendered kustomization. */
export interface Checked {
  readonly path: string;
  readonly resources: number;
}

async function filesNamed(folder: string, name: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, encoding: "utf8" });
  return entries.filter((entry) => entry.split("/").at(-1) === name).map((entry) => join(folder, entry));
}

/** Puts a local copy in the place of a remote resource; gives Argo CD's version if that was one. */
async function localise(kustomization: string): Promise<string | undefined> {
  const text = await readFile(kustomization, "utf8");
  const [url, version = "", file = ""] = remote.exec(text) ?? [];
  if (url === undefined) return undefined;
  const [manifest = ""] = await moduleFiles(`${argoCd}@${version}`, [file]);
  await writeFile(join(dirname(kustomization), "remote.yaml"), manifest);
  await writeFile(kustomization, text.replace(url, "remote.yaml"));
  return version;
}

/** Renders every kustomization in a copy of the tree, which it leaves as it is: this one's, or another at `top`. */
export async function renderAll(
  progress: Progress = silent,
  top: string = root,
): Promise<readonly Rendered[]> {
  const copy = await mkdtemp(join(tmpdir(), "demoapp-manifests-"));
  try {
    for (const folder of rendered) await cp(join(top, folder), join(copy, folder), { recursive: true });
    const found: Rendered[] = [];
    for (const file of (await filesNamed(copy, "kustomization.yaml")).toSorted()) {
      // A component is rendered as a part of those that take it.
      if ((parse(await readFile(file, "utf8")) as { kind?: string }).kind === "Component") continue;
      await localise(file);
      const text = await check(["kustomize", "build", dirname(file)], { progress });
      found.push({ path: relative(copy, dirname(file)), text });
    }
    return found;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** Argo CD's version, as the installation pins it. */
async function argoCdVersion(): Promise<string> {
  for (const file of await filesNamed(join(root, "deploy"), "kustomization.yaml")) {
    const version = remote.exec(await readFile(file, "utf8"))?.[1];
    if (version !== undefined) return version;
  }
  throw new Error("no kustomization below deploy/ says which Argo CD is installed");
}

async function ourCrds(): Promise<readonly Crd[]> {
  const files = (await readdir(join(root, "crds"))).filter((name) => name.includes("."));
  const texts = await Promise.all(files.map((name) => readFile(join(root, "crds", name), "utf8")));
  return texts
    .map((text) => parse(text) as Crd & { kind: string })
    .filter(({ kind }) => kind.endsWith("Definition"));
}

/** Writes a schema for every kind there is into a folder, for kubeconform. */
async function writeSchemas(folder: string): Promise<void> {
  const [swagger = "{}"] = await moduleFiles(`k8s.io/kubernetes@v${versions.kubernetes}`, [
    "api/openapi-spec/swagger.json",
  ]);
  const { definitions } = JSON.parse(swagger) as { definitions: Record<string, Schema> };
  const theirs = await moduleFiles(`${argoCd}@${await argoCdVersion()}`, argoCdCrds);
  const crds = [...(await ourCrds()), ...theirs.map((text) => parse(text) as Crd)];
  const schemas = Object.assign(schemasOfOpenApi(definitions), ...crds.map(schemasOfCrd)) as Record<
    string,
    Schema
  >;
  await mkdir(folder, { recursive: true });
  for (const [name, schema] of Object.entries(schemas))
    await writeFile(join(folder, `${name}.json`), JSON.stringify(schema));
}

/** Holds manifests against the schemas; rejects with the sentence that kubeconform has for the first that fails. */
export async function validate(
  manifests: readonly Rendered[],
  progress: Progress = silent,
): Promise<Checked[]> {
  const schemas = await mkdtemp(join(tmpdir(), "demoapp-schemas-"));
  try {
    await progress.step("schemas of Kubernetes, DemoApp, Argo CD", () => writeSchemas(schemas));
    const location = join(schemas, "{{.ResourceKind}}{{.KindSuffix}}.json");
    const skipped = ["-skip", foreign.join(",")];
    const argv = ["kubeconform", "-strict", "-summary", ...skipped, "-schema-location", location];
    const checked: Checked[] = [];
    for (const { path, text } of manifests) {
      const told = await check([...argv, "-"], { progress, input: text }).catch((error: unknown) => {
        throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      });
      checked.push({ path, resources: Number(/Valid: (\d+)/.exec(told)?.[1]) });
    }
    return checked;
  } finally {
    await rm(schemas, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const progress = consoleProgress();
  for (const { path, resources } of await validate(await renderAll(progress), progress))
    console.log(`  ✓ ${path.padEnd(32)} ${resources} objects valid`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
