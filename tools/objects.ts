import { customResourceDefinition } from "../operator/api/crd.ts";
import { resources } from "../operator/controller/resources.ts";
import { type ApiClient, ApiError, type ResourceType } from "../operator/runtime/client.ts";
import { until } from "./cluster/command.ts";

const fieldManager = "test";

export const namespaced = (group: string, plural: string, kind: string): ResourceType => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced: true,
});
export const clusterWide = (group: string, plural: string, kind: string): ResourceType => ({
  ...namespaced(group, plural, kind),
  namespaced: false,
});

/** The kinds that tools and tests read and write, in addition to the operator's own kinds. */
export const kinds = {
  ...resources,
  ConfigMap: namespaced("", "configmaps", "ConfigMap"),
  Secret: namespaced("", "secrets", "Secret"),
  ServiceAccount: namespaced("", "serviceaccounts", "ServiceAccount"),
  ResourceQuota: namespaced("", "resourcequotas", "ResourceQuota"),
  ReplicaSet: namespaced("apps", "replicasets", "ReplicaSet"),
  Lease: namespaced("coordination.k8s.io", "leases", "Lease"),
  Namespace: clusterWide("", "namespaces", "Namespace"),
  CustomResourceDefinition: clusterWide(
    "apiextensions.k8s.io",
    "customresourcedefinitions",
    "CustomResourceDefinition",
  ),
} as const satisfies Record<string, ResourceType>;

interface CrdStatus {
  /** null right after the CRD was created. */
  readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
}

/** Applies the CRD and waits until the API server serves it. */
export async function applyCrd(client: ApiClient): Promise<void> {
  const { name } = (
    await client.apply(kinds.CustomResourceDefinition, customResourceDefinition(), {
      fieldManager,
      force: true,
    })
  ).metadata;
  await until("the CRD is served", 30_000, async () => {
    const { status } = await client.get(kinds.CustomResourceDefinition, { name });
    const { conditions } = (status ?? {}) as CrdStatus;
    return conditions?.find(({ type, status }) => type === "Established" && status === "True");
  });
}

/** Undefined if the API server answers that the object does not exist. */
export const unlessMissing = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });

/** Creates a namespace with a unique name and returns the name. */
export async function freshNamespace(
  client: ApiClient,
  prefix: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `${prefix}-${process.pid}-${Date.now().toString(36)}`;
  const metadata = { name, labels };
  await client.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata });
  return name;
}

/** Starts the deletion of a namespace and its objects. Does not wait for the end. */
export const removeNamespace = (client: ApiClient, name: string): Promise<void> =>
  client.delete(kinds.Namespace, { name });
