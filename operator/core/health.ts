import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import { type Fields, fieldsOf } from "./manifest.ts";
import { type ContainerState, type Pod, type Revision, millis } from "./observed.ts";
import { templateOf } from "./revisions.ts";

export interface VerdictInput {
  readonly revision: Revision;
  /** When the last new maximum of available pods was reached, ms since 1970. */
  readonly progressAtMs: number;
  readonly deadlineMs: number;
  readonly minReadyMs: number;
  /** Settings that delay readiness, for the message: "readiness initialDelaySeconds 30"; empty if there are none. */
  readonly delays: string;
  readonly nowMs: number;
  /** True if the API server refuses more pods of the revision: a quota, a policy. */
  readonly isRefused: boolean;
  /** True if all pods of the rollout's present step were available once. The rollout can wait there for days. */
  readonly wasReached?: boolean;
  /** Since when the operator has watched the pods, ms since 1970; undefined: for ever. */
  readonly watchedSinceMs?: number | undefined;
}

/**
 * When a pod becomes available if nothing changes: `minReadyMs` after it became ready, ms since 1970. Infinity if
 * the pod isn't ready or is terminating.
 */
export const availableAtMs = (pod: Pod, minReadyMs: number): number =>
  pod.ready && !pod.deleting ? millis(pod.readinessSince) + minReadyMs : Infinity;

const restartLimit = 3;

/** Matches a registry's message that the image does not exist. */
const notFound = /code = NotFound|manifest unknown|name unknown|: not found/i;
/** Matches messages of an unreachable registry, and of one that hides whether the image exists. */
const registryFailure =
  /no such host|dial tcp|connection refused|timeout|unauthorized|denied|forbidden|\b40[13]\b|too many/i;
/** Quoted texts and words. Each character is read once, unlike by a pattern that looks for a slash from every start. */
const parts = /"[^"]*"|[^\s"]+/g;

/** The message without image names and addresses: their text (an image named "timeout-demo") doesn't tell the cause. */
const withoutReferences = (message: string): string =>
  message.replace(parts, (part) => (part.startsWith('"') || part.includes("/") ? "" : part));

/** True if a container waits for an image that does not exist, according to the registry. */
export const imageIsMissing = (container: ContainerState): boolean => {
  const { reason = "", message = "" } = container.waiting ?? {};
  if (reason === "InvalidImageName") return true;
  if (!/^(ErrImagePull|ImagePullBackOff)$/.test(reason)) return false;
  return notFound.test(message) && !registryFailure.test(withoutReferences(message));
};

/** True if the kubelet delays the next restart of a container because it keeps crashing. */
export const isCrashLooping = (container: ContainerState): boolean =>
  container.waiting?.reason === "CrashLoopBackOff";

/** How a container terminated last: "exit code 1". */
export function exitText({ terminated }: ContainerState): string {
  if (!terminated) return "no exit was recorded";
  return terminated.reason === "OOMKilled" ? "OOMKilled" : `exit code ${terminated.exitCode}`;
}

/** The problem of a container that keeps crashing, with the end of its log output. */
export const crashLoop = (pod: Pod, container: ContainerState): ReasonMessage =>
  reasonMessage("CrashLoop", {
    pod: pod.name,
    container: container.name,
    exit: exitText(container),
    quote: container.terminated?.message ?? "",
  });

/** True if a pod isn't ready because of crashes: a container is in a crash loop, or restarted 3 times or more. */
export const isPodCrashing = (pod: Pod): boolean =>
  !pod.deleting &&
  !pod.ready &&
  pod.containers.some((one) => one.terminated && (isCrashLooping(one) || one.restarts >= restartLimit));

/** The containers that the revision's template names. Webhooks can inject others, which no verdict counts. */
function ownContainers({ containers }: Pod, revision: Revision): readonly ContainerState[] {
  const spec = fieldsOf(templateOf(revision)["spec"]);
  const lists = [spec["initContainers"], spec["containers"]];
  const own = lists.flatMap((list) => (Array.isArray(list) ? (list as Fields[]) : []));
  const names: ReadonlySet<unknown> = new Set(own.map(({ name }) => name));
  return containers.filter(({ name }) => names.has(name));
}

/** A crash loop or 3 restarts since the rollout started. */
function crashVerdict(
  pod: Pod,
  container: ContainerState,
  { revision }: VerdictInput,
): ReasonMessage | undefined {
  const startedMs = millis(revision.startedAt);
  const isRecent = millis(container.terminated?.at) >= startedMs;
  const isAtLimit = container.restarts >= restartLimit && millis(pod.createdAt) >= startedMs;
  return isRecent && (isCrashLooping(container) || isAtLimit) ? crashLoop(pod, container) : undefined;
}

const imageVerdict = (pod: Pod, container: ContainerState): ReasonMessage | undefined =>
  imageIsMissing(container)
    ? reasonMessage("ImageNotFound", { pod: pod.name, quote: container.waiting?.message ?? "" })
    : undefined;

/** True if a container waits for the cluster (image, Secret, volume), not for another container or its own backoff. */
const waitsForCluster = ({ waiting }: ContainerState): boolean =>
  waiting !== undefined && !/^(PodInitializing|CrashLoopBackOff)$/.test(waiting.reason);

/** When the last of a pod's own containers started, ms since 1970; Infinity if the cluster keeps one from starting. */
function startedAtMs({ containers }: Pod, own: readonly ContainerState[]): number {
  const times = own.flatMap(({ runningSince }) => runningSince ?? []).map(millis);
  const isBlocked = containers.some((one) => waitsForCluster(one) || (one.waiting && !own.includes(one)));
  return times.length === 0 || isBlocked ? Infinity : Math.max(...times);
}

/** True if the rollout is blocked: the API server refuses pods, or a pod of the revision can't start a container. */
const isRolloutBlocked = (pods: readonly Pod[], { revision, isRefused }: VerdictInput): boolean =>
  isRefused ||
  pods.some(
    (pod) =>
      !pod.deleting &&
      pod.hash === revision.hash &&
      startedAtMs(pod, ownContainers(pod, revision)) === Infinity,
  );

/**
 * Time that kubelets get to report after an operator began to lead, ms. The operator loses the lease in an outage of the
 * API server, and the kubelets could not report either. They repeat a failed report every 10 s.
 */
const reportingMs = 15_000;

/** A pod whose containers run, but that is not available by the deadline. */
function deadlineVerdict(
  pod: Pod,
  own: readonly ContainerState[],
  input: VerdictInput & { readonly isBlocked: boolean },
): ReasonMessage | undefined {
  if (availableAtMs(pod, input.minReadyMs) <= input.nowMs) return undefined;
  if (input.nowMs < (input.watchedSinceMs ?? -Infinity) + reportingMs) return undefined;
  // All own containers are ready, so the pod waits for a readiness gate or an injected container.
  if (!pod.ready && own.every(({ ready }) => ready)) return undefined;
  // While the rollout is blocked or waits, the deadline of a pod restarts when its readiness changes: a short failure of
  // an available pod must not reject the revision.
  const readinessMs = input.isBlocked || input.wasReached ? millis(pod.readinessSince) : 0;
  const sinceMs = Math.max(input.progressAtMs, startedAtMs(pod, own), readinessMs);
  if (input.nowMs < sinceMs + input.deadlineMs) return undefined;
  const { delays, deadlineMs } = input;
  return reasonMessage("NotReadyByDeadline", { pod: pod.name, seconds: deadlineMs / 1000, delays });
}

/**
 * Why a revision is rejected, judged by its own pods alone: a crash loop, an image that does not exist, or pods that
 * started and were not available by the deadline. What the cluster lacks (nodes, quota, a Secret, a reachable
 * registry) keeps containers from starting and never rejects a revision.
 */
export function verdictOf(pods: readonly Pod[], input: VerdictInput): ReasonMessage | undefined {
  const isBlocked = isRolloutBlocked(pods, input);
  for (const pod of pods) {
    if (pod.deleting || pod.hash !== input.revision.hash) continue;
    const own = ownContainers(pod, input.revision);
    for (const container of own) {
      const verdict = crashVerdict(pod, container, input) ?? imageVerdict(pod, container);
      if (verdict) return verdict;
    }
    const verdict = deadlineVerdict(pod, own, { ...input, isBlocked });
    if (verdict) return verdict;
  }
  return undefined;
}

/** A pod younger than this, in ms, is starting normally. */
const startupMs = 5_000;

/** True if a pod's status doesn't say why the pod is not ready, so that the operator has to read its Events. */
export function needsEvents(pod: Pod, nowMs: number): boolean {
  if (pod.ready || pod.deleting || pod.unschedulable !== undefined) return false;
  if (nowMs - millis(pod.createdAt) < startupMs) return false;
  return !pod.containers.some(
    ({ waiting }) => waiting && !/^(ContainerCreating|PodInitializing)$/.test(waiting.reason),
  );
}
