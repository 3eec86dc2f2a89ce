import { parseAllDocuments } from "yaml";

/** The fields of a Kubernetes object that this folder reads. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec?: PodSpec } };
}

interface PodSpec {
  readonly containers?: readonly { readonly env?: readonly EnvEntry[] }[];
}

interface EnvEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: { readonly name: string; readonly key: string } };
}

export function parseObjects(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

const configMap = (objects: readonly KubeObject[], name: string): KubeObject | undefined =>
  objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === name);

/** Adds entries to ConfigMaps. `settings` has them by ConfigMap name; an unknown name is an error. */
export function withSettings(
  objects: readonly KubeObject[],
  settings: Readonly<Record<string, Readonly<Record<string, string>>>>,
): KubeObject[] {
  const changed = new Map(
    Object.entries(settings).map(([name, entries]) => {
      const found = configMap(objects, name);
      if (found === undefined) throw new Error(`Argo CD's manifests have no ConfigMap ${name}`);
      return [found, { ...found, data: { ...found.data, ...entries } }];
    }),
  );
  return objects.map((object) => changed.get(object) ?? object);
}

/** The CRDs, and the other objects. */
export function crdsFirst(objects: readonly KubeObject[]): readonly [KubeObject[], KubeObject[]] {
  const isCrd = ({ kind }: KubeObject): boolean => kind === "CustomResourceDefinition";
  return [objects.filter(isCrd), objects.filter((object) => !isCrd(object))];
}

const podKinds = new Set(["Deployment", "StatefulSet", "Service", "NetworkPolicy"]);

/** The objects that are useful where Argo CD runs as processes and not in pods. */
export const withoutPods = (objects: readonly KubeObject[]): KubeObject[] =>
  objects.filter(({ kind }) => !podKinds.has(kind));

/**
 * Environment of a workload's first container: literal values, and values from ConfigMaps (the official manifests
 * pass argocd-cm and argocd-cmd-params-cm this way). Values from Secrets and fields are left out.
 */
export function environmentIn(objects: readonly KubeObject[], workload: string): Record<string, string> {
  const found = objects.find(
    ({ kind, metadata }) => ["Deployment", "StatefulSet"].includes(kind) && metadata.name === workload,
  );
  if (found === undefined) throw new Error(`Argo CD's manifests have no workload ${workload}`);
  const entries = found.spec?.template?.spec?.containers?.[0]?.env ?? [];
  return Object.fromEntries(
    entries.flatMap(({ name, value, valueFrom }) => {
      const source = valueFrom?.configMapKeyRef;
      const resolved = value ?? (source && configMap(objects, source.name)?.data?.[source.key]);
      return resolved === undefined ? [] : [[name, resolved]];
    }),
  );
}
