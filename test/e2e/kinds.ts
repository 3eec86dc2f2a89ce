import type { ResourceType } from "../../operator/runtime/client.ts";

const namespaced = (group: string, plural: string, kind: string): ResourceType => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced: true,
});

/** The kinds that the tests read and write, by kind. */
export const kinds = {
  DemoApp: namespaced("demoapp.dev", "demoapps", "DemoApp"),
  Deployment: namespaced("apps", "deployments", "Deployment"),
  ControllerRevision: namespaced("apps", "controllerrevisions", "ControllerRevision"),
  Service: namespaced("", "services", "Service"),
  Pod: namespaced("", "pods", "Pod"),
  Event: namespaced("", "events", "Event"),
  Secret: namespaced("", "secrets", "Secret"),
  Lease: namespaced("coordination.k8s.io", "leases", "Lease"),
  Namespace: { ...namespaced("", "namespaces", "Namespace"), namespaced: false },
} as const satisfies Record<string, ResourceType>;

/** The parts of objects that the tests look at. */
interface Meta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly uid: string }[];
  readonly deletionTimestamp?: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

export interface ContainerStatus {
  readonly restartCount: number;
  readonly containerID?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec: { readonly containers: readonly Container[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface Deployment {
  readonly metadata: Meta;
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: Readonly<Record<string, unknown>> & { readonly containers: readonly Container[] };
    };
  };
  readonly status: { readonly availableReplicas?: number; readonly updatedReplicas?: number };
}

export interface Service {
  readonly metadata: Meta;
  readonly spec: { readonly type: string; readonly clusterIP: string; readonly ports: readonly object[] };
}

export const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
