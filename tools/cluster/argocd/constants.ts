/** Names, ports, versions and intervals of the local Argo CD. */

/** Also pinned in go/go.mod; a test compares the two. */
export const ARGOCD_VERSION = "3.6.1";

export const NAMESPACE = "argocd";

/**
 * Settings of a local cluster, in addition to deploy/argocd/install. Argo CD polls Git every 10 s instead of every 2 to
 * 3 minutes: no Git server calls its webhook, and only the repositories of tests and demos request refreshes by a hook.
 */
export const LOCAL_SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "argocd-cm": { "timeout.reconciliation": "10s", "timeout.reconciliation.jitter": "0s" },
  "argocd-cmd-params-cm": {
    "controller.repo.error.grace.period.seconds": "2s",
    "controller.self.heal.backoff.cap.seconds": "2",
    // The health checks of deploy/argocd compare generations, so no wave has to wait for a controller to react.
    "controller.sync.wave.delay.seconds": "0",
  },
};

/** For how long the repo server caches a branch's commit. The default is `timeout.reconciliation`. */
export const REVISION_CACHE = "1s";

/** Ports in the cluster's network namespace. `argocd` in core mode expects redis and the repo server on these. */
export const ports = {
  redis: 6379,
  repoServer: 8081,
  repoServerMetrics: 8084,
  controllerMetrics: 8082,
  applicationSetMetrics: 12345,
  applicationSetProbe: 12346,
  applicationSetWebhook: 7001,
} as const;

/** Deadline for CRDs to be served, and for pods to be ready, in milliseconds. */
export const READY_MS = 60_000;
