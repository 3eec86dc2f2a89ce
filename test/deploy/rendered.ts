import { basename } from "node:path";
import { parseAllDocuments } from "yaml";
import { renderAll } from "../../tools/manifests.ts";
import { consoleProgress } from "../../tools/cluster/progress.ts";

export interface Kind {
  readonly group: string;
  readonly kind: string;
  readonly name?: string;
}
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: unknown;
}
interface Source {
  readonly repoURL: string;
  readonly targetRevision: string;
  readonly path: string;
  readonly kustomize?: { readonly images: readonly string[] };
}
interface AppSpec {
  readonly project: string;
  readonly source: Source;
  readonly destination: { readonly namespace: string };
  readonly syncPolicy: { readonly syncOptions: readonly string[]; readonly retry: object };
}
interface SetSpec {
  readonly generators: readonly {
    readonly git: { readonly repoURL: string; readonly revision: string };
  }[];
  readonly template: { readonly spec: AppSpec };
}
export interface ProjectSpec {
  readonly sourceRepos: readonly string[];
  readonly destinations: readonly { readonly namespace: string }[];
  readonly clusterResourceWhitelist: readonly Kind[];
  readonly namespaceResourceWhitelist: readonly Kind[];
}

const folders = new Map<string, readonly Rendered[]>();

/** Renders every kustomization in deploy/ and crds/; has to run before the functions below. */
export async function render(): Promise<void> {
  for (const { path, text } of await renderAll(consoleProgress()))
    folders.set(
      path,
      parseAllDocuments(text).map((document) => document.toJS() as Rendered),
    );
}

/** The objects of one kustomization; none if the folder does not exist. */
export const objectsIn = (path: string): readonly Rendered[] => folders.get(path) ?? [];
export const ofKind = (path: string, kind: string): readonly Rendered[] =>
  objectsIn(path).filter((object) => object.kind === kind);
export const apps = "deploy/argocd/apps";
export const overlays = (): readonly string[] =>
  [...folders.keys()].filter((path) => path.startsWith("deploy/webapp/overlays/"));

export const applicationSet = (): SetSpec => ofKind(apps, "ApplicationSet")[0]?.spec as SetSpec;

/** Every Application, including those that the ApplicationSet generates. */
export function applications(): readonly (AppSpec & { readonly name: string })[] {
  const own = ofKind(apps, "Application").map(({ metadata, spec }) => ({
    name: metadata.name,
    ...(spec as AppSpec),
  }));
  const { spec } = applicationSet().template;
  const generated = overlays().map((path) => ({
    ...spec,
    name: `webapp-${basename(path)}`,
    source: { ...spec.source, path },
    destination: { namespace: `sre-demo-${basename(path)}` },
  }));
  return [...own, ...generated];
}
