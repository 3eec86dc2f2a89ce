import { namespaced } from "../objects.ts";

export const applications = {
  ...namespaced("argoproj.io", "applications", "Application"),
  version: "v1alpha1",
};
export const argoNamespace = "argocd";
export const refreshAnnotation = "argocd.argoproj.io/refresh";

/** The fields of an Argo CD Application that the demo and the tests read. */
export interface Application {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision?: string };
    readonly health?: { readonly status: string };
    readonly operationState?: {
      readonly phase: string;
      readonly message?: string;
      readonly retryCount?: number;
      readonly startedAt: string;
      readonly syncResult?: { readonly revision: string };
    };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly history?: readonly { readonly revision: string }[];
    readonly resources?: readonly {
      readonly kind: string;
      readonly health?: { readonly status: string; readonly message?: string };
    }[];
  };
}

/** True if Argo CD compared the cluster with this commit and found no difference. */
export const isSynced = ({ status }: Application, commit: string): boolean =>
  status?.sync?.status === "Synced" && status.sync.revision === commit;

export const isHealthy = ({ status }: Application): boolean => status?.health?.status === "Healthy";

/** The health message that Argo CD shows for the DemoApp. */
export const healthMessage = ({ status }: Application): string =>
  status?.resources?.find(({ kind }) => kind === "DemoApp")?.health?.message ?? "";

/** The message of the last sync and of every condition. */
export const syncMessages = ({ status }: Application): string =>
  [status?.operationState?.message ?? "", ...(status?.conditions ?? []).map(({ message }) => message)].join(
    "\n",
  );
