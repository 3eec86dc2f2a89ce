import type { ResourceType } from "../../operator/runtime/kubernetes.ts";

const core = { group: "", version: "v1", namespaced: true } as const;
const apps = { group: "apps", version: "v1", namespaced: true } as const;

/** The kinds that tests, stand-ins and puppets speak of, where the API server serves them. */
export const configMaps: ResourceType = { ...core, plural: "configmaps", kind: "ConfigMap" };
export const pods: ResourceType = { ...core, plural: "pods", kind: "Pod" };
export const deployments: ResourceType = { ...apps, plural: "deployments", kind: "Deployment" };
export const replicaSets: ResourceType = { ...apps, plural: "replicasets", kind: "ReplicaSet" };
export const resourceQuotas: ResourceType = { ...core, plural: "resourcequotas", kind: "ResourceQuota" };
export const secrets: ResourceType = { ...core, plural: "secrets", kind: "Secret" };
export const events: ResourceType = { ...core, plural: "events", kind: "Event" };
export const serviceAccounts: ResourceType = { ...core, plural: "serviceaccounts", kind: "ServiceAccount" };
