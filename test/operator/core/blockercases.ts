import { annotations } from "../../../operator/api/names.ts";
import type { ContainerState } from "../../../operator/core/observed.ts";
import { type ObservedFields, at, crashing, foreignService, running, unready, waiting } from "./objects.ts";
import { appOf, commanded, deploymentOf, rejected2, v1 } from "./situations.ts";

/** The observed state of an app, and the blocker that the operator reports for it. */
interface Row {
  readonly name: string;
  readonly before: ObservedFields;
  readonly reason: string;
  readonly object?: string;
  /** A part of the message; `next` is a part of the next step. */
  readonly message: string;
  readonly next: string;
}

/** One pod that is not ready, with its containers in the given states. */
export const stuck = (...containers: readonly ContainerState[]): ObservedFields => ({
  pods: [unready("a", v1, containers)],
});
/** A container in a crash loop that last ended a second ago. */
export const exited = (reason: string, message: string): ContainerState =>
  crashing("", 0, { terminated: { reason, exitCode: 1, message, at: at(-1) } });
/** A Deployment whose pods the API server refuses. */
const refusedPods = (message: string): ObservedFields => ({
  deployment: {
    ...deploymentOf(v1),
    status: { conditions: [{ type: "ReplicaFailure", status: "True", message }] },
  },
});
/** One pod that is not ready, with a warning event. */
const withWarning = (reason: string, message: string, container: ContainerState): ObservedFields => ({
  ...stuck(container),
  warnings: [{ pod: "a", reason, message }],
});

export const rows: readonly Row[] = [
  {
    name: "the image does not exist",
    before: stuck(waiting("ImagePullBackOff", "code = NotFound desc = r/app:9: not found")),
    reason: "ImageNotFound",
    message: "r/app:9: not found",
    next: "correct spec.image",
  },
  {
    name: "the registry can't be reached",
    before: stuck(waiting("ErrImagePull", "dial tcp: i/o timeout")),
    reason: "ImagePullFailed",
    message: "dial tcp: i/o timeout",
    next: "spec.pod.imagePullSecrets",
  },
  {
    name: "the image runs as root",
    before: stuck(
      waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
    ),
    reason: "RunsAsRoot",
    message: "image will run as root",
    next: "spec.pod.securityContext.runAsUser",
  },
  {
    name: "a Secret is missing",
    before: stuck(waiting("CreateContainerConfigError", 'secret "s" not found')),
    reason: "ConfigMissing",
    message: "secret 's' not found",
    next: "Create the object that status.blockers names",
  },
  {
    name: "the node can't run the container's command",
    before: stuck(waiting("CreateContainerError", 'exec: "nope": not found')),
    reason: "ContainerRefused",
    message: "exec: 'nope'",
    next: "kubectl -n team describe pod a",
  },
  {
    name: "a container is in a crash loop",
    before: stuck(exited("Error", "cannot open /data")),
    reason: "CrashLoop",
    message: 'exit code 1: "cannot open /data"',
    next: "kubectl -n team logs a -c app --previous",
  },
  {
    name: "a container crashed and runs again",
    before: stuck({ ...running(), restarts: 1, terminated: exited("Error", "oh").terminated }),
    reason: "CrashLoop",
    message: 'exit code 1: "oh"',
    next: "--previous",
  },
  {
    name: "a container exceeds its memory limit",
    before: stuck(exited("OOMKilled", "")),
    reason: "OutOfMemory",
    message: "more memory than its limit",
    next: "spec.resources.limits.memory",
  },
  {
    name: "a container writes to its read-only root file system",
    before: stuck(exited("Error", "EROFS: read-only file system, open '/var/x'")),
    reason: "ReadOnlyRoot",
    message: "EROFS",
    next: "emptyDir",
  },
  {
    name: "no node has enough CPU for a pod",
    before: { pods: [{ ...unready("a", v1, []), unschedulable: "0/1 nodes: Insufficient cpu" }] },
    reason: "Unschedulable",
    message: "Insufficient cpu",
    next: "spec.resources.requests",
  },
  {
    name: "the node can't create the sandbox of a pod",
    before: withWarning(
      "FailedCreatePodSandBox",
      "failed to set up the network",
      waiting("ContainerCreating"),
    ),
    reason: "ContainerRefused",
    message: "failed to set up the network",
    next: "kubectl -n team get pod a -o wide",
  },
  {
    name: "a volume can't be mounted",
    before: withWarning("FailedMount", 'configmap "c" not found', waiting("ContainerCreating")),
    reason: "ConfigMissing",
    message: "configmap 'c' not found",
    next: "spec.pod.volumes",
  },
  ...["Multi-Attach error for volume", "node has pod using PersistentVolumeClaim with ReadWriteOncePod"].map(
    (text) => ({
      name: `another pod has the volume: ${text}`,
      before: text.startsWith("node")
        ? { pods: [{ ...unready("a", v1, []), unschedulable: text }] }
        : withWarning("FailedAttachVolume", text, waiting("ContainerCreating")),
      reason: "VolumeInUse",
      message: text,
      next: "RollingUpdate with maxSurge 0",
    }),
  ),
  {
    name: "a readiness probe fails",
    before: withWarning("Unhealthy", "Readiness probe failed: HTTP 503", running()),
    reason: "NotReady",
    message: "HTTP 503",
    next: "kubectl -n team logs a",
  },
  {
    name: "a ResourceQuota is exceeded",
    before: refusedPods('pods "a" is forbidden: exceeded quota: q, requested: pods=1'),
    reason: "QuotaExceeded",
    object: "Deployment/web",
    message: "exceeded quota: q",
    next: "ResourceQuota",
  },
  {
    name: "a ResourceQuota requires a limit that the pod does not set",
    before: refusedPods('pods "a" is forbidden: failed quota: q: must specify limits.ephemeral-storage'),
    reason: "QuotaExceeded",
    object: "Deployment/web",
    message: "must specify",
    next: "spec.resources",
  },
  {
    name: "a container exceeds a LimitRange",
    before: refusedPods('pods "a" is forbidden: maximum cpu usage per Container is 100m, but limit is 250m'),
    reason: "LimitRangeExceeded",
    object: "Deployment/web",
    message: "maximum cpu usage",
    next: "spec.resources",
  },
  {
    name: "a pod violates Pod Security",
    before: refusedPods('pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged'),
    reason: "PodSecurityRefused",
    object: "Deployment/web",
    message: "violates PodSecurity",
    next: "Remove from spec.pod",
  },
  {
    name: "the service account is missing",
    before: refusedPods(
      'pods "a" is forbidden: error looking up service account team/x: serviceaccount "x" not found',
    ),
    reason: "ServiceAccountMissing",
    object: "Deployment/web",
    message: "team/x",
    next: "spec.pod.serviceAccountName",
  },
  {
    name: "an admission webhook denies pods",
    before: refusedPods("admission webhook denied the request"),
    reason: "PodsRefused",
    object: "Deployment/web",
    message: "webhook denied",
    next: "Change the DemoApp",
  },
  {
    name: "a HorizontalPodAutoscaler scales the Deployment",
    before: { scalers: ["web"] },
    reason: "ScalerOnDeployment",
    object: "HorizontalPodAutoscaler/web",
    message: "HorizontalPodAutoscaler web scales the Deployment",
    next: "scaleTargetRef",
  },
  {
    name: "the restart annotation is not a time",
    before: { app: appOf("app:1", { annotations: { [annotations.restartAt]: "tomorrow" } }) },
    reason: "BadAnnotation",
    object: "DemoApp/web",
    message: 'not an RFC 3339 time: "tomorrow"',
    next: `kubectl -n team annotate demoapp web --overwrite ${annotations.restartAt}=2026-01-01T00:00:00Z`,
  },
  {
    name: "the requested revision was rejected",
    before: { app: appOf("app:2"), revisions: [v1, rejected2], deployment: deploymentOf(v1) },
    reason: "RevisionRejected",
    object: `ControllerRevision/web-${rejected2.hash}`,
    message:
      "Rollout 2 of app:2 was rejected: container app of pod a is crash-looping, last with exit code 1.",
    next: `kubectl -n team annotate demoapp web --overwrite ${annotations.retry}=2`,
  },
  {
    name: "an abort names the first rollout",
    before: { app: commanded("app:1", { abort: "1" }), revisions: [{ ...v1, outcome: undefined }] },
    reason: "AbortRefused",
    object: "DemoApp/web",
    message: "Rollout 1 can't be aborted",
    next: "Change spec.image",
  },
  {
    name: "a foreign Service has the app's name",
    before: { service: foreignService },
    reason: "NameTaken",
    object: "Service/web",
    message: "exists but is not owned",
    next: "annotate service web demoapp.dev/adopt-by=web",
  },
  {
    name: "the operator lacks a permission",
    before: {
      refused: { object: "Service/web", status: 403, message: 'User "o" cannot patch resource "services"' },
    },
    reason: "PermissionMissing",
    object: "Service/web",
    message: "cannot patch resource",
    next: "deploy/operator",
  },
];
