import type { ResourceType } from "../../operator/runtime/client.ts";

const argo = (plural: string, kind: string): ResourceType => ({
  group: "argoproj.io",
  version: "v1alpha1",
  plural,
  kind,
  namespaced: true,
});

export const applications = argo("applications", "Application");
export const argoNamespace = "argocd";

/** The parts of an Argo CD Application that the tests look at. */
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
      readonly finishedAt?: string;
      readonly syncResult?: { readonly revision: string };
    };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly history?: readonly { readonly revision: string }[];
    readonly resources?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly status?: string;
      readonly health?: { readonly status: string; readonly message?: string };
    }[];
  };
}

/** True if the cluster is as the commit has it. */
export const isSynced = ({ status }: Application, commit: string): boolean =>
  status?.sync?.status === "Synced" && status.sync.revision === commit;

export const isHealthy = ({ status }: Application): boolean => status?.health?.status === "Healthy";

/** The sentence that Argo CD shows beside a DemoApp. */
export const wordsOf = ({ status }: Application): string =>
  status?.resources?.find(({ kind }) => kind === "DemoApp")?.health?.message ?? "";

/** All that Argo CD says is wrong. */
export const complaints = ({ status }: Application): string =>
  [status?.operationState?.message ?? "", ...(status?.conditions ?? []).map(({ message }) => message)].join(
    "\n",
  );
