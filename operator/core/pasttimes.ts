import { type Observed, type Pod, type Revision, millis, timestamp } from "./observed.ts";

/**
 * True for a time that has passed. False also for a text that is no time: in custom resources the API server checks only
 * the digits, and accepts an offset of 99 hours.
 */
const isPast = (time: string | undefined, nowMs: number): boolean => millis(time) <= nowMs;

/**
 * Nodes, former leaders and users have clocks of their own. A time in the future would put off deadlines and
 * availability until the operator's clock reaches that time, so it counts as now.
 */
const pastTime =
  (nowMs: number) =>
  <T extends string | undefined>(time: T): T =>
    isPast(time, nowMs) ? time : (timestamp(nowMs) as T);

type Past = ReturnType<typeof pastTime>;

/** Times of a pod that may come from a node's clock. */
const timesOf = ({ createdAt, readinessSince, containers }: Pod): readonly (string | undefined)[] => [
  createdAt,
  readinessSince,
  ...containers.flatMap(({ runningSince, terminated }) => [runningSince, terminated?.at]),
];

const pastPod = (pod: Pod, past: Past): Pod => ({
  ...pod,
  createdAt: past(pod.createdAt),
  readinessSince: past(pod.readinessSince),
  containers: pod.containers.map((container) => ({
    ...container,
    runningSince: past(container.runningSince),
    terminated: container.terminated && { ...container.terminated, at: past(container.terminated.at) },
  })),
});

/** The creation time of the revision's oldest pod, RFC 3339; undefined if it has none. */
const oldestPodOf = ({ hash }: Revision, pods: readonly Pod[]): string | undefined =>
  pods
    .filter((pod) => pod.hash === hash)
    .map(({ createdAt }) => createdAt)
    .toSorted((a, b) => millis(a) - millis(b))[0];

/**
 * The observation with no time after `nowMs` on pods and in the status. A revision whose stored start lies in the
 * future started with its oldest pod: with the present time, every earlier crash of its pods would count as older
 * than the rollout.
 */
export function withPastTimes<O extends Observed>(observed: O, nowMs: number): O {
  const past = pastTime(nowMs);
  const isFuture = (time: string | undefined): boolean => !isPast(time, nowMs);
  const pods = observed.pods.map((pod) => (timesOf(pod).some(isFuture) ? pastPod(pod, past) : pod));
  const revisions = observed.revisions.map((revision) =>
    isFuture(revision.startedAt)
      ? { ...revision, startedAt: oldestPodOf(revision, pods) ?? timestamp(nowMs) }
      : revision,
  );
  const { status } = observed.app;
  if (!status?.conditions?.some(({ lastTransitionTime }) => isFuture(lastTransitionTime)))
    return { ...observed, pods, revisions };
  const conditions = status.conditions.map((condition) => ({
    ...condition,
    lastTransitionTime: past(condition.lastTransitionTime),
  }));
  return { ...observed, pods, revisions, app: { ...observed.app, status: { ...status, conditions } } };
}
