import { reasonMessage } from "../api/reasons.ts";
import { type BlockerDraft, blockerDraft, kubectl } from "./blockerdraft.ts";
import { imageIsMissing, isCrashLooping, lastWords } from "./health.ts";
import { type ContainerState, type Pod, type PodWarning, millis } from "./observed.ts";
import type { View } from "./view.ts";

/** One thing that can keep a container from running, told from its state. */
type ContainerRule = (container: ContainerState, pod: Pod, view: View) => BlockerDraft | undefined;

const waitsFor = (container: ContainerState, pattern: RegExp): string | undefined =>
  container.waiting && pattern.test(container.waiting.reason) ? container.waiting.message : undefined;

const imagePull: ContainerRule = (container, pod) => {
  const words = waitsFor(
    container,
    /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/,
  );
  if (words === undefined) return undefined;
  const object = `Pod/${pod.name}`;
  if (imageIsMissing(container))
    return blockerDraft(
      object,
      reasonMessage("ImageNotFound", { pod: pod.name, words }),
      "Push the image, or correct spec.image.",
    );
  const next =
    "See that the node reaches the registry, and that spec.pod.imagePullSecrets names valid credentials.";
  return blockerDraft(object, reasonMessage("ImagePullFailed", { words }), next);
};

const runsAsRoot: ContainerRule = (container, pod) => {
  const words = waitsFor(container, /^CreateContainerConfigError$/);
  if (words === undefined || !/non-?root/i.test(words)) return undefined;
  const next =
    "Set spec.pod.securityContext.runAsUser to a numeric user other than 0 (such as 10001), or USER in the Dockerfile.";
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("RunsAsRoot", { words }), next);
};

const configMissing: ContainerRule = (container, pod) => {
  const words = waitsFor(container, /^CreateContainerConfigError$/);
  if (words === undefined) return undefined;
  const next =
    "Create what the message names, or correct spec.env, spec.envFrom or spec.pod.volumes; it goes on by itself.";
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("ConfigMissing", { words }), next);
};

const refusedByNode: ContainerRule = (container, pod, view) => {
  const words = waitsFor(
    container,
    /^(CreateContainerError|RunContainerError|StartError|ContainerCannotRun)$/,
  );
  if (words === undefined) return undefined;
  const next = `Correct what the message names (spec.pod.command, volumes), see ${kubectl(view, `describe pod ${pod.name}`)}.`;
  return blockerDraft(`Pod/${pod.name}`, reasonMessage("ContainerRefused", { words }), next);
};

/** True for an init container that has done its work. */
const isDone = ({ ended: end, runningSince, waiting }: ContainerState): boolean =>
  end?.exitCode === 0 && runningSince === undefined && waiting === undefined;

const ended: ContainerRule = (container, pod, view) => {
  if (!container.ended || isDone(container)) return undefined;
  if (!isCrashLooping(container) && container.restarts === 0 && container.runningSince) return undefined;
  const object = `Pod/${pod.name}`;
  const words = lastWords(container);
  const { name } = container;
  if (container.ended.reason === "OOMKilled")
    return blockerDraft(
      object,
      reasonMessage("OutOfMemory", { container: name }),
      "Raise spec.resources.limits.memory.",
    );
  if (/EROFS|read-only file ?system/i.test(container.ended.message)) {
    const next =
      "Mount an emptyDir where it writes (spec.pod.volumes, volumeMounts), or set spec.pod.containerSecurityContext.readOnlyRootFilesystem to false.";
    return blockerDraft(object, reasonMessage("ReadOnlyRoot", { container: name, words }), next);
  }
  const logs = kubectl(view, `logs ${pod.name} -c ${name} --previous`);
  return blockerDraft(
    object,
    reasonMessage("CrashLoop", { pod: pod.name, container: name, words }),
    `Read the log: ${logs}.`,
  );
};

/** The first that matches says what is wrong with a container. */
const containerRules: readonly ContainerRule[] = [imagePull, runsAsRoot, configMissing, refusedByNode, ended];

const warningOf = (view: View, pod: Pod, reason: RegExp): PodWarning | undefined =>
  view.observed.warnings.findLast((warning) => warning.pod === pod.name && reason.test(warning.reason));

/** What keeps one pod that is not available; the first that is found says most. */
export function blockerOfPod(view: View, pod: Pod): BlockerDraft | undefined {
  const object = `Pod/${pod.name}`;
  if (pod.unschedulable !== undefined) {
    const next =
      "Add room or nodes, or lower spec.resources.requests; see nodeSelector, affinity and tolerations too.";
    return blockerDraft(object, reasonMessage("Unschedulable", { words: pod.unschedulable }), next);
  }
  for (const rule of containerRules)
    for (const container of pod.containers) {
      const blocker = rule(container, pod, view);
      if (blocker) return blocker;
    }
  const volume = warningOf(view, pod, /^FailedMount$/);
  if (volume && pod.containers.every((container) => container.runningSince === undefined))
    return blockerDraft(
      object,
      reasonMessage("ConfigMissing", { words: volume.message }),
      "Create what the message names, or correct spec.pod.volumes; it goes on by itself.",
    );
  const sandbox = warningOf(view, pod, /^FailedCreatePodSandBox$/);
  if (sandbox && pod.containers.every((container) => container.runningSince === undefined)) {
    const next = `See to the pod's node: ${kubectl(view, `get pod ${pod.name} -o wide`)}.`;
    return blockerDraft(object, reasonMessage("ContainerRefused", { words: sandbox.message }), next);
  }
  const unhealthy = warningOf(view, pod, /^Unhealthy$/);
  if (!unhealthy || pod.ready) return undefined;
  const next = `See that the app answers on spec.port and at the probe's path: ${kubectl(view, `logs ${pod.name}`)}.`;
  return blockerDraft(object, reasonMessage("NotReady", { words: unhealthy.message }), next);
}

const unexplainedAfterMs = 5_000;

/** True if a pod's status doesn't say why it is not ready, so that its Events are worth asking for. */
export function isUnexplained(pod: Pod, nowMs: number): boolean {
  if (pod.ready || pod.deleting || pod.unschedulable !== undefined) return false;
  if (nowMs - millis(pod.createdAt) < unexplainedAfterMs) return false;
  return !pod.containers.some(
    ({ waiting }) => waiting && !/^(ContainerCreating|PodInitializing)$/.test(waiting.reason),
  );
}
