/** Every name, port and pinned version of the local Argo CD, and how often it looks. */

/** Also pinned in go/go.mod; a test compares the two. */
export const ARGOCD_VERSION = "3.6.1";

export const NAMESPACE = "argocd";

/**
 * What is set on a local cluster only, on top of deploy/argocd/install. A Git server tells Argo CD of a push, by
 * webhook; a folder on this disk tells nobody, so it is looked at every few seconds instead of every few minutes.
 */
export const LOCAL_SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "argocd-cm": { "timeout.reconciliation": "2s", "timeout.reconciliation.jitter": "0s" },
};

/** For how long the repo server need not ask Git again where a branch is; by default as long as the above. */
export const REVISION_CACHE = "1s";

/** Inside the cluster's network namespace. The first two are those that `argocd` in core mode forwards to. */
export const ports = {
  redis: 6379,
  repoServer: 8081,
  repoServerMetrics: 8084,
  controllerMetrics: 8082,
  applicationSetMetrics: 12345,
  applicationSetProbe: 12346,
  applicationSetWebhook: 7001,
} as const;

/** How long a step of `up` may take, in milliseconds. */
export const deadlinesMs = { kinds: 60_000, pods: 60_000, rollout: 300_000 } as const;
