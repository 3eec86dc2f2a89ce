import { kinds } from "../../tools/objects.ts";

/** The resource types of objects in tests of the fake API server and of the simulated controllers. */
export const configMaps = kinds.ConfigMap;
export const pods = kinds.Pod;
export const deployments = kinds.Deployment;
export const replicaSets = kinds.ReplicaSet;
export const resourceQuotas = kinds.ResourceQuota;
export const secrets = kinds.Secret;
export const events = kinds.Event;
export const serviceAccounts = kinds.ServiceAccount;
