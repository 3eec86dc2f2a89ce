import { reasonMessage } from "../api/reasons.ts";
import { type BlockerDraft, blockerDraft, kubectl } from "./blockerdraft.ts";
import { crashLoop, imageIsMissing, isCrashLooping } from "./health.ts";
import type { App, ContainerState, Observed, Pod } from "./observed.ts";

/** A container that is not available, in its pod and app. */
interface Subject {
  readonly container: ContainerState;
  readonly pod: Pod;
  readonly app: App;
}

/** One cause that keeps a container from running, recognised by the container's state. */
type ContainerRule = (subject: Subject) => BlockerDraft | undefined;

/** The kubelet's message if a container waits for one of these reasons. */
const waitingMessage = ({ waiting }: ContainerState, reasons: RegExp): string | undefined =>
  waiting && reasons.test(waiting.reason) ? waiting.message : undefined;

const imagePull: ContainerRule = ({ container, pod }) => {
  const quote = waitingMessage(
    container,
    /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/,
  );
  if (quote === undefined) return undefined;
  if (imageIsMissing(container)) {
    const problem = reasonMessage("ImageNotFound", { pod: pod.name, quote });
    return blockerDraft(`Pod/${pod.name}`, problem, "Push the image, or correct spec.image.");
  }
  const next =
    "Check that the node reaches the registry, and that spec.pod.imagePullSecrets names valid credentials.";
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("ImagePullFailed", { quote }), next);
};

const runsAsRoot: ContainerRule = ({ container, pod }) => {
  const quote = waitingMessage(container, /^CreateContainerConfigError$/);
  if (quote === undefined || !/non-?root/i.test(quote)) return undefined;
  const next =
    "Set spec.pod.securityContext.runAsUser to a numeric user other than 0 (such as 10001), or USER in the Dockerfile.";
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("RunsAsRoot", { quote }), next);
};

const configMissing: ContainerRule = ({ container, pod }) => {
  const quote = waitingMessage(container, /^CreateContainerConfigError$/);
  if (quote === undefined) return undefined;
  const next =
    "Create the object that status.blockers names, or correct spec.env, spec.envFrom or spec.pod.volumes; the pod then starts.";
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("ConfigMissing", { quote }), next);
};

const refusedByNode: ContainerRule = ({ container, pod, app }) => {
  const quote = waitingMessage(
    container,
    /^(CreateContainerError|RunContainerError|StartError|ContainerCannotRun)$/,
  );
  if (quote === undefined) return undefined;
  const describe = kubectl(app, `describe pod ${pod.name}`);
  const next = `Correct the field that status.blockers names (spec.pod.command, volumes). For details: ${describe}.`;
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("ContainerRefused", { quote }), next);
};

/** True for an init container that has completed. */
const isCompleted = ({ terminated, runningSince, waiting }: ContainerState): boolean =>
  terminated?.exitCode === 0 && runningSince === undefined && waiting === undefined;

const crash: ContainerRule = ({ container, pod, app }) => {
  const { name, terminated } = container;
  if (!terminated || isCompleted(container)) return undefined;
  if (!isCrashLooping(container) && container.restarts === 0 && container.runningSince) return undefined;
  const object = `Pod/${pod.name}`;
  if (terminated.reason === "OOMKilled") {
    const problem = reasonMessage("OutOfMemory", { container: name });
    return blockerDraft(object, problem, "Raise spec.resources.limits.memory.");
  }
  if (/EROFS|read-only file ?system/i.test(terminated.message)) {
    const next =
      "Mount an emptyDir where the container writes (spec.pod.volumes, volumeMounts), or set spec.pod.containerSecurityContext.readOnlyRootFilesystem to false.";
    return blockerDraft(
      object,
      reasonMessage("ReadOnlyRoot", { container: name, quote: terminated.message }),
      next,
    );
  }
  const logs = kubectl(app, `logs ${pod.name} -c ${name} --previous`);
  return blockerDraft(object, crashLoop(pod, container), `Read the log: ${logs}.`);
};

/** The causes in order; the first one that matches any container of the pod gives the blocker. */
const containerRules: readonly ContainerRule[] = [imagePull, runsAsRoot, configMissing, refusedByNode, crash];

function containerBlocker({ app }: Observed, pod: Pod): BlockerDraft | undefined {
  for (const rule of containerRules)
    for (const container of pod.containers) {
      const blocker = rule({ container, pod, app });
      if (blocker) return blocker;
    }
  return undefined;
}

/**
 * True if another pod has a volume that only one node or one pod may have: the messages of the attach-detach controller
 * and of the scheduler.
 */
const isInUse = (quote: string): boolean => /Multi-Attach error|ReadWriteOncePod/i.test(quote);

const oneAtATime =
  "Set spec.strategy to type RollingUpdate with maxSurge 0 and maxUnavailable 1, so that a pod stops before the next one starts; or use a volume that several pods can mount.";

/** A cause that only the Events of the pod show: a failed mount, a failed sandbox, a failing probe. */
function warningBlocker({ app, warnings }: Observed, pod: Pod): BlockerDraft | undefined {
  const object = `Pod/${pod.name}`;
  const messageOf = (reason: string): string | undefined =>
    warnings.findLast((warning) => warning.pod === pod.name && warning.reason === reason)?.message;
  const hasStarted = pod.containers.some(({ runningSince }) => runningSince !== undefined);
  const shared = messageOf("FailedAttachVolume");
  if (shared !== undefined && isInUse(shared) && !hasStarted)
    return blockerDraft(object, reasonMessage("VolumeInUse", { quote: shared }), oneAtATime);
  const volume = messageOf("FailedMount");
  if (volume !== undefined && !hasStarted) {
    const next =
      "Create the object that status.blockers names, or correct spec.pod.volumes; the pod then starts.";
    return blockerDraft(object, reasonMessage("ConfigMissing", { quote: volume }), next);
  }
  const sandbox = messageOf("FailedCreatePodSandBox");
  if (sandbox !== undefined && !hasStarted) {
    const next = `Check the pod's node: ${kubectl(app, `get pod ${pod.name} -o wide`)}.`;
    return blockerDraft(object, reasonMessage("ContainerRefused", { quote: sandbox }), next);
  }
  const probe = messageOf("Unhealthy");
  if (probe === undefined || pod.ready) return undefined;
  const next = `Check that the app answers on spec.port and at the probe's path: ${kubectl(app, `logs ${pod.name}`)}.`;
  return blockerDraft(object, reasonMessage("NotReady", { quote: probe }), next);
}

/** Why one pod is not available. The scheduler's reason comes first, then container states, then Events. */
export function podBlocker(observed: Observed, pod: Pod): BlockerDraft | undefined {
  if (pod.unschedulable !== undefined && isInUse(pod.unschedulable)) {
    const problem = reasonMessage("VolumeInUse", { quote: pod.unschedulable });
    return blockerDraft(`Pod/${pod.name}`, problem, oneAtATime);
  }
  if (pod.unschedulable !== undefined) {
    const problem = reasonMessage("Unschedulable", { quote: pod.unschedulable });
    const next =
      "Add nodes, or lower spec.resources.requests; check nodeSelector, affinity and tolerations too.";
    return blockerDraft(`Pod/${pod.name}`, problem, next);
  }
  return containerBlocker(observed, pod) ?? warningBlocker(observed, pod);
}
