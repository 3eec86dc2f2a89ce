/** The fields of objects that the tests read. */
import type { DemoAppStatus } from "../../operator/api/schema.ts";
import type { ObjectMeta } from "../../operator/runtime/client.ts";

type Meta = ObjectMeta &
  Required<Pick<ObjectMeta, "namespace" | "uid" | "resourceVersion" | "generation" | "labels">>;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

interface ContainerStatus {
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
  readonly spec: { readonly containers: readonly Container[]; readonly serviceAccountName: string };
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
  readonly spec: {
    readonly type: string;
    readonly clusterIP: string;
    readonly ports: readonly object[];
    readonly selector: Readonly<Record<string, string>>;
  };
}

export interface DemoApp {
  readonly metadata: Meta;
  readonly spec: Readonly<Record<string, unknown>> & { readonly replicas: number; readonly image: string };
  readonly status?: DemoAppStatus;
}

/** A DemoApp after its first reconcile: the operator always writes the status lists, also empty ones. */
export type Reported = DemoApp & {
  readonly status: DemoAppStatus & {
    readonly [L in "rejected" | "history" | "blockers"]: NonNullable<DemoAppStatus[L]>;
  };
};

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
