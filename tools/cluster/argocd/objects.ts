import { parseAllDocuments } from "yaml";

/** The parts of a Kubernetes object that are looked at here. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec?: PodSpec } };
}

interface PodSpec {
  readonly containers?: readonly { readonly name: string; readonly env?: readonly EnvEntry[] }[];
}

interface EnvEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly configMapKeyRef?: { readonly name: string; readonly key: string };
  };
}

export function parseObjects(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((one) => one !== null);
}

/** The objects with entries added to the data of ConfigMaps, by name; a name that is none of theirs is an error. */
export function withSettings(
  objects: readonly KubeObject[],
  settings: Readonly<Record<string, Readonly<Record<string, string>>>>,
): KubeObject[] {
  const isConfigMap = (name: string) => (one: KubeObject) =>
    one.kind === "ConfigMap" && one.metadata.name === name;
  for (const name of Object.keys(settings))
    if (!objects.some(isConfigMap(name))) throw new Error(`Argo CD's manifests have no ConfigMap ${name}`);
  return objects.map((one) =>
    one.kind === "ConfigMap" && settings[one.metadata.name] !== undefined
      ? { ...one, data: { ...one.data, ...settings[one.metadata.name] } }
      : one,
  );
}

/** The definitions of kinds, and the rest. */
export function kindsFirst(objects: readonly KubeObject[]): readonly [KubeObject[], KubeObject[]] {
  const isKind = ({ kind }: KubeObject): boolean => kind === "CustomResourceDefinition";
  return [objects.filter(isKind), objects.filter((one) => !isKind(one))];
}

/** Kinds that are there for the pods of Argo CD, and so have no use where it runs as processes. */
const ofPods = new Set(["Deployment", "StatefulSet", "Service", "NetworkPolicy"]);

/** What of the manifests is applied where Argo CD runs as processes. */
export const withoutPods = (objects: readonly KubeObject[]): KubeObject[] =>
  objects.filter(({ kind }) => !ofPods.has(kind));

/**
 * Environment of a workload's first container, as far as it is written out or comes from a ConfigMap: that is how
 * the official manifests pass on argocd-cm and argocd-cmd-params-cm. Values from Secrets and fields are left out.
 */
export function environmentIn(objects: readonly KubeObject[], workload: string): Record<string, string> {
  const found = objects.find(
    ({ kind, metadata }) => ["Deployment", "StatefulSet"].includes(kind) && metadata.name === workload,
  );
  if (found === undefined) throw new Error(`Argo CD's manifests have no workload ${workload}`);
  const entries = found.spec?.template?.spec?.containers?.[0]?.env ?? [];
  return Object.fromEntries(
    entries.flatMap(({ name, value, valueFrom }) => {
      const wanted = value ?? fromConfigMap(objects, valueFrom?.configMapKeyRef);
      return wanted === undefined ? [] : [[name, wanted]];
    }),
  );
}

function fromConfigMap(
  objects: readonly KubeObject[],
  reference: { readonly name: string; readonly key: string } | undefined,
): string | undefined {
  if (reference === undefined) return undefined;
  return objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === reference.name)
    ?.data?.[reference.key];
}
