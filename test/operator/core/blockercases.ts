import { annotations } from "../../../operator/api/names.ts";
import type { ContainerState, Observed } from "../../../operator/core/observed.ts";
import { at, crashing, foreignService, running, unready, waiting } from "./objects.ts";
import { appOf, commanded, deploymentOf, rejected2, v1 } from "./situations.ts";

/** Everything that can be in the way of an app, and what is to be said of it. */
interface Row {
  readonly name: string;
  readonly before: Partial<Observed>;
  readonly reason: string;
  readonly object?: string;
  /** What is said, in part; what to do, in part. */
  readonly says: string;
  readonly next: string;
}

/** One pod whose container is in the given state. */
export const stuck = (...containers: readonly ContainerState[]): Partial<Observed> => ({
  pods: [unready("a", v1, containers)],
});
export const ending = (reason: string, message: string): ContainerState =>
  crashing("", 0, { terminated: { reason, exitCode: 1, message, at: at(-1) } });
const refusing = (message: string): Partial<Observed> => ({
  deployment: {
    ...deploymentOf(v1),
    status: { conditions: [{ type: "ReplicaFailure", status: "True", message }] },
  },
});
const warned = (reason: string, message: string, container: ContainerState): Partial<Observed> => ({
  ...stuck(container),
  warnings: [{ pod: "a", reason, message }],
});

export const rows: readonly Row[] = [
  {
    name: "an image that does not exist",
    before: stuck(waiting("ImagePullBackOff", "code = NotFound desc = r/app:9: not found")),
    reason: "ImageNotFound",
    says: "r/app:9: not found",
    next: "correct spec.image",
  },
  {
    name: "a registry that can't be reached",
    before: stuck(waiting("ErrImagePull", "dial tcp: i/o timeout")),
    reason: "ImagePullFailed",
    says: "dial tcp: i/o timeout",
    next: "spec.pod.imagePullSecrets",
  },
  {
    name: "an image that runs as root",
    before: stuck(
      waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
    ),
    reason: "RunsAsRoot",
    says: "image will run as root",
    next: "spec.pod.securityContext.runAsUser",
  },
  {
    name: "a Secret that is missing",
    before: stuck(waiting("CreateContainerConfigError", 'secret "s" not found')),
    reason: "ConfigMissing",
    says: 'secret "s" not found',
    next: "Create the object that the message names",
  },
  {
    name: "a command that the node can't run",
    before: stuck(waiting("CreateContainerError", 'exec: "nope": not found')),
    reason: "ContainerRefused",
    says: 'exec: "nope"',
    next: "kubectl -n team describe pod a",
  },
  {
    name: "a crash loop",
    before: stuck(ending("Error", "cannot open /data")),
    reason: "CrashLoop",
    says: "exit code 1: cannot open /data",
    next: "kubectl -n team logs a -c app --previous",
  },
  {
    name: "a crash, though the container runs again",
    before: stuck({ ...running(), restarts: 1, terminated: ending("Error", "oh").terminated }),
    reason: "CrashLoop",
    says: "exit code 1: oh",
    next: "--previous",
  },
  {
    name: "too little memory",
    before: stuck(ending("OOMKilled", "")),
    reason: "OutOfMemory",
    says: "more memory than its limit",
    next: "spec.resources.limits.memory",
  },
  {
    name: "a write to the read-only root",
    before: stuck(ending("Error", "EROFS: read-only file system, open '/var/x'")),
    reason: "ReadOnlyRoot",
    says: "EROFS",
    next: "emptyDir",
  },
  {
    name: "no room on any node",
    before: { pods: [{ ...unready("a", v1, []), unschedulable: "0/1 nodes: Insufficient cpu" }] },
    reason: "Unschedulable",
    says: "Insufficient cpu",
    next: "spec.resources.requests",
  },
  {
    name: "a sandbox that the node can't make",
    before: warned("FailedCreatePodSandBox", "failed to set up the network", waiting("ContainerCreating")),
    reason: "ContainerRefused",
    says: "failed to set up the network",
    next: "kubectl -n team get pod a -o wide",
  },
  {
    name: "a volume that can't be mounted",
    before: warned("FailedMount", 'configmap "c" not found', waiting("ContainerCreating")),
    reason: "ConfigMissing",
    says: 'configmap "c" not found',
    next: "spec.pod.volumes",
  },
  {
    name: "a probe that fails",
    before: warned("Unhealthy", "Readiness probe failed: HTTP 503", running()),
    reason: "NotReady",
    says: "HTTP 503",
    next: "kubectl -n team logs a",
  },
  {
    name: "a quota",
    before: refusing('pods "a" is forbidden: exceeded quota: q, requested: pods=1'),
    reason: "QuotaExceeded",
    object: "Deployment/web",
    says: "exceeded quota: q",
    next: "ResourceQuota",
  },
  {
    name: "a quota that wants what the pod doesn't say",
    before: refusing('pods "a" is forbidden: failed quota: q: must specify limits.ephemeral-storage'),
    reason: "QuotaExceeded",
    object: "Deployment/web",
    says: "must specify",
    next: "spec.resources",
  },
  {
    name: "a LimitRange",
    before: refusing('pods "a" is forbidden: maximum cpu usage per Container is 100m, but limit is 250m'),
    reason: "LimitRangeExceeded",
    object: "Deployment/web",
    says: "maximum cpu usage",
    next: "spec.resources",
  },
  {
    name: "Pod Security",
    before: refusing('pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged'),
    reason: "PodSecurityRefused",
    object: "Deployment/web",
    says: "violates PodSecurity",
    next: "Remove from spec.pod",
  },
  {
    name: "a service account that is missing",
    before: refusing(
      'pods "a" is forbidden: error looking up service account team/x: serviceaccount "x" not found',
    ),
    reason: "ServiceAccountMissing",
    object: "Deployment/web",
    says: "team/x",
    next: "spec.pod.serviceAccountName",
  },
  {
    name: "any other refusal of pods",
    before: refusing("admission webhook denied the request"),
    reason: "PodsRefused",
    object: "Deployment/web",
    says: "webhook denied",
    next: "Change the DemoApp",
  },
  {
    name: "a scaler that fights over the Deployment",
    before: { scalers: ["web"] },
    reason: "ScalerOnDeployment",
    object: "HorizontalPodAutoscaler/web",
    says: "HorizontalPodAutoscaler web scales the Deployment",
    next: "scaleTargetRef",
  },
  {
    name: "a restart at no time",
    before: { app: appOf("app:1", { annotations: { [annotations.restartAt]: "tomorrow" } }) },
    reason: "BadAnnotation",
    object: "DemoApp/web",
    says: "'tomorrow'",
    next: `kubectl -n team annotate demoapp web --overwrite ${annotations.restartAt}=2026-01-01T00:00:00Z`,
  },
  {
    name: "a version that was rejected",
    before: { app: appOf("app:2"), revisions: [v1, rejected2], deployment: deploymentOf(v1) },
    reason: "RevisionRejected",
    object: `ControllerRevision/web-${rejected2.hash}`,
    says: "Rollout 2 of app:2 was rejected: it keeps ending.",
    next: `kubectl -n team annotate demoapp web --overwrite ${annotations.retry}=2`,
  },
  {
    name: "an abort of the first install",
    before: { app: commanded("app:1", { abort: "1" }), revisions: [{ ...v1, outcome: undefined }] },
    reason: "AbortRefused",
    object: "DemoApp/web",
    says: "Rollout 1 can't be aborted",
    next: "Change spec.image",
  },
  {
    name: "a name that is taken",
    before: { service: foreignService },
    reason: "NameTaken",
    object: "Service/web",
    says: "exists but is not owned",
    next: "adopt=service",
  },
  {
    name: "a permission that is missing",
    before: {
      refused: { object: "Service/web", status: 403, message: 'User "o" cannot patch resource "services"' },
    },
    reason: "PermissionMissing",
    object: "Service/web",
    says: "cannot patch resource",
    next: "deploy/operator",
  },
];
