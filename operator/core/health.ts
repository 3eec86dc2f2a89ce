import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import { type Fields, cut, isFields } from "./manifest.ts";
import type { ContainerState, Pod, Revision } from "./observed.ts";
import { millis } from "./observed.ts";

export interface VerdictInput {
  readonly revision: Revision;
  /** When the last new maximum of available pods was reached, ms since 1970. */
  readonly progressAtMs: number;
  readonly deadlineMs: number;
  readonly minReadyMs: number;
  readonly nowMs: number;
  /** The API server refuses further pods of it: a quota, a policy. */
  readonly isRefused: boolean;
}

/** When a pod is (or will be, if nothing changes) available: ready for `minReadyMs`; Infinity if it isn't ready. */
export const availableAtMs = (pod: Pod, minReadyMs: number): number =>
  pod.ready && !pod.deleting ? millis(pod.readinessSince) + minReadyMs : Infinity;

const restartLimit = 3;

/** A registry's word that there is no such image; not that it can't be reached or won't say. */
const notFound = /code = NotFound|manifest unknown|name unknown|: not found/i;
const notItsFault =
  /no such host|dial tcp|connection refused|timeout|unauthorized|denied|forbidden|\b40[13]\b|too many/i;
/** Names of images and addresses in a message: their words (an image "timeout-demo") say nothing of its cause. */
const references = /"[^"]*"|\S*\/\S*/g;

/** True if a container waits for an image that the registry says does not exist. */
export const imageIsMissing = (container: ContainerState): boolean => {
  const { reason = "", message = "" } = container.waiting ?? {};
  if (reason === "InvalidImageName") return true;
  if (!/^(ErrImagePull|ImagePullBackOff)$/.test(reason)) return false;
  return notFound.test(message) && !notItsFault.test(message.replace(references, ""));
};

/** True if the kubelet holds a container back because it keeps ending. */
export const isCrashLooping = (container: ContainerState): boolean =>
  container.waiting?.reason === "CrashLoopBackOff";

/** "exit code 1: cannot open /data", at most 1 KiB of it the container's own words. */
export function lastWords(container: ContainerState): string {
  const { ended } = container;
  if (!ended) return "no exit was recorded";
  const words = cut(ended.message.trim(), 1024);
  const how = ended.reason === "OOMKilled" ? "OOMKilled" : `exit code ${ended.exitCode}`;
  return words === "" ? how : `${how}: ${words}`;
}

/** True for a pod that can't be relied on: held back for its crashes, or not ready after its third restart. */
export const keepsEnding = (pod: Pod): boolean =>
  !pod.deleting &&
  !pod.ready &&
  pod.containers.some((one) => one.ended && (isCrashLooping(one) || one.restarts >= restartLimit));

/** The containers of a pod that the revision asks for: what a webhook adds is not its doing. */
function ownOf({ containers }: Pod, { template }: Revision): readonly ContainerState[] {
  const spec = isFields(template["spec"]) ? template["spec"] : {};
  const lists = [spec["initContainers"], spec["containers"]];
  const own = lists.flatMap((list) => (Array.isArray(list) ? (list as Fields[]) : []));
  const names: ReadonlySet<unknown> = new Set(own.map(({ name }) => name));
  return containers.filter(({ name }) => names.has(name));
}

function crashed(pod: Pod, container: ContainerState, watch: VerdictInput): ReasonMessage | undefined {
  const startedMs = millis(watch.revision.startedAt);
  const own = millis(container.ended?.at) >= startedMs;
  const often = container.restarts >= restartLimit && millis(pod.createdAt) >= startedMs;
  if (!own || !(isCrashLooping(container) || often)) return undefined;
  return reasonMessage("CrashLoop", {
    pod: pod.name,
    container: container.name,
    words: lastWords(container),
  });
}

/** True if a container waits for the cluster: its image, a Secret, a volume; not for another container or itself. */
const isKeptWaiting = ({ waiting }: ContainerState): boolean =>
  waiting !== undefined && !/^(PodInitializing|CrashLoopBackOff)$/.test(waiting.reason);

/** When the last of a pod's own containers started, ms since 1970; Infinity while the cluster keeps one from it. */
function startedAtMs({ containers }: Pod, own: readonly ContainerState[]): number {
  const times = own.flatMap(({ runningSince }) => runningSince ?? []).map(millis);
  const isHeld = containers.some((one) => isKeptWaiting(one) || (one.waiting && !own.includes(one)));
  return times.length === 0 || isHeld ? Infinity : Math.max(...times);
}

/** True if the cluster keeps pods of the revision from running: it stands still, whatever the others do. */
const isHeldUp = (pods: readonly Pod[], { revision, isRefused }: VerdictInput): boolean =>
  isRefused ||
  pods.some(
    (pod) =>
      !pod.deleting && pod.hash === revision.hash && startedAtMs(pod, ownOf(pod, revision)) === Infinity,
  );

function unready(
  pod: Pod,
  own: readonly ContainerState[],
  watch: VerdictInput & { readonly heldUp: boolean },
): ReasonMessage | undefined {
  if (availableAtMs(pod, watch.minReadyMs) <= watch.nowMs) return undefined;
  // A readiness gate, or a container of somebody else's, is what it waits for.
  if (!pod.ready && own.every(({ ready }) => ready)) return undefined;
  // While the rollout can't go on anyway, a pod that was available has its time anew when it fails for a moment.
  const changedMs = watch.heldUp ? millis(pod.readinessSince) : 0;
  const sinceMs = Math.max(watch.progressAtMs, startedAtMs(pod, own), changedMs);
  if (watch.nowMs < sinceMs + watch.deadlineMs) return undefined;
  return reasonMessage("NotReadyByDeadline", { pod: pod.name, seconds: watch.deadlineMs / 1000 });
}

const missing = (pod: Pod, container: ContainerState): ReasonMessage | undefined =>
  imageIsMissing(container)
    ? reasonMessage("ImageNotFound", { pod: pod.name, words: container.waiting?.message ?? "" })
    : undefined;

/**
 * Why a revision is to be rejected, from its own pods alone: a crash loop, an image that does not exist, or
 * pods that started and were not available by the deadline. What the cluster lacks (room, quota, a Secret, a
 * reachable registry) keeps containers from starting and is never held against the revision.
 */
export function verdictOf(pods: readonly Pod[], watch: VerdictInput): ReasonMessage | undefined {
  const heldUp = isHeldUp(pods, watch);
  for (const pod of pods) {
    if (pod.deleting || pod.hash !== watch.revision.hash) continue;
    const own = ownOf(pod, watch.revision);
    for (const container of own) {
      const verdict = crashed(pod, container, watch) ?? missing(pod, container);
      if (verdict) return verdict;
    }
    const verdict = unready(pod, own, { ...watch, heldUp });
    if (verdict) return verdict;
  }
  return undefined;
}
